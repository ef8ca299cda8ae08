import type { ConnectionOptions } from "node:tls";
import { type MaybePromise, PermissionMisuse } from "@portcullis/core";

/** The credentials of an account, as its handshake carries them. */
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

/** A message the kit may send: its action (of socket.io: the event), and what goes with it. */
export interface Probe {
  readonly action: string;
  /** Makes the payload around a marker, a short text to be found again. Default `{ marker }`. */
  readonly payload?: (marker: string) => Readonly<Record<string, unknown>>;
}

/** How messages are written and read where none of the named protocols fits. */
export interface OwnProtocol {
  /** Writes a message as the text of one frame. */
  readonly request: (id: number, action: string, payload: Readonly<Record<string, unknown>>) => string;
  /** Reads a frame: which message it answers, and whether it refuses; `undefined` where it answers none. */
  readonly read: (text: string) => { readonly id: number; readonly isRefusal: boolean } | undefined;
}

/** What the server speaks. */
export type AttackProtocol =
  | "dcrf"
  | "json"
  | "json-rpc"
  | "socket.io"
  | { readonly kind: "dcrf"; readonly stream?: string }
  | { readonly kind: "json"; readonly action?: string; readonly id?: string }
  | { readonly kind: "socket.io"; readonly path?: string }
  | OwnProtocol;

/** How much, how large, how long. */
export interface AttackLimits {
  /** Connections at once. Default 20. */
  readonly connections?: number;
  /** Milliseconds from accept to decision that the server promises. Default 10,000. */
  readonly handshake?: number;
  /** Bytes of the largest message the server takes. Default 1,048,576. */
  readonly message?: number;
  /** Messages that are sent without reading one answer. Default 150,000. */
  readonly unread?: number;
  /** Milliseconds to wait for something that should come. Default 4,000. */
  readonly timeout?: number;
  /** Milliseconds to wait for something that should not come. Default 60. */
  readonly settle?: number;
  /** Milliseconds for all of it; what was not played by then is not applicable. Default 120,000. */
  readonly total?: number;
}

/** What {@link attack} must know of a server. */
export interface AttackOptions {
  readonly protocol: AttackProtocol;
  readonly accounts: {
    /** May connect, and do all of `actions`. */
    readonly allowed: Account;
    /** May connect and do `actions.open`, but not `actions.guarded`. */
    readonly denied: Account;
    /** May not connect. */
    readonly refused?: Account;
  };
  readonly actions: {
    /** What everybody may do who is let in; its handler answers at once. */
    readonly open: Probe;
    /** What `allowed` may do, and `denied` may not; its handler answers at once. */
    readonly guarded: Probe;
    /** What `allowed` may do, by a rule that takes 100 ms or more. */
    readonly slow?: Probe;
  };
  /** Other ways in, beside that of the URL: paths of ws, or namespaces of socket.io, dynamic ones too. */
  readonly entrances?: readonly string[];
  /** The Origin of pages that are wanted. Default: that of the URL. `"any"` where the server is open to all sites. */
  readonly origin?: string;
  /** Whether cookies alone, without an Origin, may let somebody in. Default `"refused"`. */
  readonly withoutOrigin?: "refused" | "accepted";
  /** Whether the handler of the message with that marker has run. Without it, an answer that is no refusal tells. */
  readonly handled?: (marker: string) => MaybePromise<boolean>;
  /** Of socket.io: whether a listener of `onAny` has heard the message with that marker. */
  readonly overheard?: (marker: string) => MaybePromise<boolean>;
  /** Takes from `allowed` what it may; `restore` gives it back. */
  readonly revoke?: () => MaybePromise<unknown>;
  readonly restore?: () => MaybePromise<unknown>;
  /** How many connections the server keeps. */
  readonly connections?: () => MaybePromise<number>;
  /** Whether an acknowledgement of socket.io refuses. Default: `{ ok: false }`, or one with an `error`. */
  readonly isRefusal?: (answer: unknown) => boolean;
  readonly limits?: AttackLimits;
  /** For `wss:`, as in `{ ca }`. */
  readonly tls?: ConnectionOptions;
  /** The name of the host, where it is another than this machine. It must be yours. */
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

const MOST: Required<AttackLimits> = {
  connections: 500,
  handshake: 60_000,
  message: 16_777_216,
  unread: 1_000_000,
  timeout: 30_000,
  settle: 5_000,
  total: 600_000,
};

/**
 * Fills in the limits.
 *
 * @throws {PermissionMisuse} When one is no whole number, or beyond what the kit does to a server.
 */
export function readLimits(options: AttackLimits = {}): Required<AttackLimits> {
  const limits = { ...DEFAULTS, ...options };
  for (const [key, value] of Object.entries(limits)) {
    const most = MOST[key as keyof AttackLimits];
    if (most === undefined) throw new PermissionMisuse(`attack() got unknown limits: \`${key}\``);
    if (!Number.isSafeInteger(value) || value < 1 || value > most) {
      throw new PermissionMisuse(`attack() got ${value} as \`limits.${key}\`: give a whole number from 1 to ${most}`);
    }
  }
  return limits;
}

/**
 * Reads where to go.
 *
 * @throws {PermissionMisuse} When it is no URL of a server, or leads to another machine that is not named.
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
