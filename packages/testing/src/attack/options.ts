import type { ConnectionOptions } from "node:tls";
import { type MaybePromise, PermissionMisuse } from "@portcullis/core";

/** The credentials of an account, sent with its handshake. */
export interface Account {
  /** Headers of the handshake, as in `{ authorization: "Bearer ann" }` or `{ cookie: "session=..." }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Parameters added to the URL. */
  readonly query?: Readonly<Record<string, string>>;
  /** Subprotocols of WebSocket. */
  readonly protocols?: readonly string[];
  /** The `auth` of socket.io. */
  readonly auth?: Readonly<Record<string, unknown>>;
}

/** A message that the kit may send: an action (for socket.io an event) and its payload. */
export interface Probe {
  readonly action: string;
  /** Makes a payload that contains the marker, a short unique text. Default `{ marker }`. */
  readonly payload?: (marker: string) => Readonly<Record<string, unknown>>;
}

/** Encodes and decodes messages of a protocol that is not one of the named ones. */
export interface OwnProtocol {
  /** Encodes a message as the text of one frame. */
  readonly request: (id: number, action: string, payload: Readonly<Record<string, unknown>>) => string;
  /** Decodes a frame as the answer to the message `id`; `undefined` when it is not an answer. */
  readonly read: (text: string) => { readonly id: number; readonly isRefusal: boolean } | undefined;
}

/** The protocol of the server. */
export type AttackProtocol =
  | "dcrf"
  | "json"
  | "json-rpc"
  | "socket.io"
  | { readonly kind: "dcrf"; readonly stream?: string }
  | { readonly kind: "json"; readonly action?: string; readonly id?: string }
  | { readonly kind: "socket.io"; readonly path?: string }
  | OwnProtocol;

/** Limits of an attack. */
export interface AttackLimits {
  /** Connections at once. Default 20. */
  readonly connections?: number;
  /** Milliseconds from accept to decision that the server promises. Default 10,000. */
  readonly handshake?: number;
  /** Bytes of the largest message that the server accepts. Default 1,048,576. */
  readonly message?: number;
  /** Messages that are sent without reading one answer. Default 150,000. */
  readonly unread?: number;
  /** Milliseconds to wait for an expected event. Default 4,000. */
  readonly timeout?: number;
  /** Milliseconds to wait for an event that must not happen. Default 60. */
  readonly settle?: number;
  /** Milliseconds for the whole attack. Holes that are not played by then are not applicable. Default 120,000. */
  readonly total?: number;
}

/** Options of {@link attack}, which describe the server. */
export interface AttackOptions {
  readonly protocol: AttackProtocol;
  readonly accounts: {
    /** An account that may connect and do all of `actions`. */
    readonly allowed: Account;
    /** An account that may connect and do `actions.open`, but not `actions.guarded`. */
    readonly denied: Account;
    /** An account that may not connect. */
    readonly refused?: Account;
  };
  readonly actions: {
    /** An action for everybody who may connect. Its handler answers at once. */
    readonly open: Probe;
    /** An action for `allowed`, and not for `denied`. Its handler answers at once. */
    readonly guarded: Probe;
    /** An action for `allowed`, with a rule that takes 100 ms or more. */
    readonly slow?: Probe;
  };
  /** Entrances beside that of the URL: paths of ws, or namespaces of socket.io, dynamic ones too. */
  readonly entrances?: readonly string[];
  /** The Origin of allowed pages. Default: that of the URL. `"any"` when the server is open to all sites. */
  readonly origin?: string;
  /** The server's answer to cookies without an Origin. Default `"refused"`. */
  readonly withoutOrigin?: "refused" | "accepted";
  /** True when the handler of the message with that marker has run. Default: when its answer is no refusal. */
  readonly handled?: (marker: string) => MaybePromise<boolean>;
  /** For socket.io: true when a listener of `onAny` has received the message with that marker. */
  readonly overheard?: (marker: string) => MaybePromise<boolean>;
  /** Takes the rights of `allowed` away; `restore` gives them back. */
  readonly revoke?: () => MaybePromise<unknown>;
  readonly restore?: () => MaybePromise<unknown>;
  /** The number of connections that the server keeps. */
  readonly connections?: () => MaybePromise<number>;
  /** For socket.io: true when an acknowledgement is a refusal. Default: for `{ ok: false }`, or one with an `error`. */
  readonly isRefusal?: (answer: unknown) => boolean;
  readonly limits?: AttackLimits;
  /** TLS options for `wss:`, for example `{ ca }`. */
  readonly tls?: ConnectionOptions;
  /** The name of the host when it is not this machine. It must be yours. */
  readonly allowHost?: string;
}

const DEFAULTS: Required<AttackLimits> = {
  connections: 20,
  handshake: 10_000,
  message: 1_048_576,
  unread: 150_000,
  timeout: 4_000,
  settle: 60,
  total: 120_000,
};

const MAXIMA: Required<AttackLimits> = {
  connections: 500,
  handshake: 60_000,
  message: 16_777_216,
  unread: 1_000_000,
  timeout: 30_000,
  settle: 5_000,
  total: 600_000,
};

/**
 * Applies the default limits.
 *
 * @throws {PermissionMisuse} When one is not a whole number, or is above the maximum of the kit.
 */
export function readLimits(options: AttackLimits = {}): Required<AttackLimits> {
  const limits = { ...DEFAULTS, ...options };
  for (const [key, value] of Object.entries(limits)) {
    const most = MAXIMA[key as keyof AttackLimits];
    if (most === undefined) throw new PermissionMisuse(`attack() got unknown limits: \`${key}\``);
    if (!Number.isSafeInteger(value) || value < 1 || value > most) {
      throw new PermissionMisuse(`attack() got ${value} as \`limits.${key}\`: give a whole number from 1 to ${most}`);
    }
  }
  return limits;
}

/**
 * Parses the address of the server.
 *
 * @throws {PermissionMisuse} When it is not a URL of a server, or names another machine than `allowHost`.
 */
export function readUrl(address: string | URL, allowHost: string | undefined): URL {
  const text = String(address);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(ws|http)s?:$/.test(url.protocol)) {
    throw new PermissionMisuse(`attack() needs a URL as in "ws://127.0.0.1:8080/chat", not "${text}"`);
  }
  const isLoopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (!isLoopback && url.hostname !== allowHost) {
    throw new PermissionMisuse(
      `attack() goes to this machine alone: if "${url.hostname}" is your own server, write { allowHost: "${url.hostname}" }`,
    );
  }
  return url;
}
