import type { GuardSession, MaybePromise, Payload, Refusal, RuleOptions } from "@portcullis/core";
import type { GuardOptions } from "@portcullis/core/adapter";
import type { Account, AttackOptions } from "./attack/options.js";

/** Abilities that an adapter may lack. The suite then skips the checks that need them. */
export const ABILITIES = {
  acks: "A client may send a message without asking for an answer; a refusal is then an event that names the action",
  queue:
    "Messages that arrive during an evaluation are read and queued, within the limits of the queue; without it, the transport is paused",
  "refusal before the upgrade": "A refused client gets an HTTP response with status and headers, and no connection",
  batches:
    "A client may send several messages in one frame; each is decided alone, and the frame is delivered or refused",
} as const;

export type Ability = keyof typeof ABILITIES;

/** The argument of `authenticate` in the suite, on any transport: the credentials of the handshake. */
export interface Credentials {
  readonly token: string | undefined;
}

/** The session of a connection, as returned by the guard. */
export type HarnessSession = GuardSession;

/** A message that the application behind the guard received. */
export interface Delivered {
  readonly action: string;
  readonly payload: Payload;
  /** The session of the connection, as returned by the guard. */
  readonly session: HarnessSession;
}

/** The server that the suite needs. It is guarded with `policy`, or serves `consumer`. */
export interface ServerSetup {
  readonly policy?: unknown;
  readonly consumer?: unknown;
  readonly options: Omit<GuardOptions<never>, "authenticate"> & {
    authenticate?: (credentials: Credentials, asked: RuleOptions) => MaybePromise<unknown>;
  };
  /** Bytes of the largest message that the transport accepts. Default: that of the transport. */
  readonly largestMessage?: number;
  /** The application's listener for connections. */
  onOpen(session: HarnessSession): void;
  /**
   * The application's listener for messages of a guarded server. Call it synchronously from the transport's own event,
   * for each message of a batch.
   * Its result is sent to the client as the answer, at once or when its promise resolves.
   */
  onMessage(message: Delivered): unknown;
  /** The application's listener for the end of a connection. */
  onClose(session: HarnessSession): void;
}

/** Options to attack a server of a harness. */
export interface Attackable extends Pick<AttackOptions, "protocol" | "entrances"> {
  /** The credentials of a handshake with a token. */
  account(token: string): Account;
}

/** A running server. */
export interface RunningServer {
  readonly guard: {
    readonly sessions: Iterable<HarnessSession>;
    replace(policy: never, options?: never): void;
    close(): Promise<void>;
  };
  /** The Origin of a page that this server delivers. */
  readonly origin: string;
  /** Opens a connection. The listener receives everything that arrives, from the first frame on. */
  connect(handshake: ClientHandshake, listener: ClientListener): Promise<HarnessClient | RefusedHandshake>;
  /** Ends the server and every connection. */
  stop(): Promise<void>;
}

/** Options of a client's handshake. */
export interface ClientHandshake {
  /** The token for `authenticate`. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly origin?: string;
  /** One of the harness's `entrances`; the first if omitted. */
  readonly entrance?: string;
  /** Messages sent before the handshake is answered. A transport that cannot do so sends them right after it. */
  readonly early?: readonly OutgoingMessage[];
  /** True for a client that never answers the server's close. */
  readonly isSilent?: boolean;
  /** A terminated connection to resume. A transport that cannot resume opens a new one. */
  readonly resumes?: HarnessClient;
  /** Aborted when the client leaves before the answer. */
  readonly signal?: AbortSignal;
}

/** A message that a client sends. */
export interface OutgoingMessage {
  readonly id: number;
  readonly action: string;
  readonly payload: Payload;
  /** `false` only with the ability `acks`. */
  readonly wantsAnswer: boolean;
}

/** An answer to a message, read from the wire. */
export interface Answer {
  /**
   * The id of the message. It is `undefined` for the refusal of a message that asked for no answer. On a transport with
   * one answer for each message, it is also `undefined` for further replies of a handler.
   */
  readonly id: number | undefined;
  /** The action, when the answer names one. */
  readonly action?: string | undefined;
  /** The result of the handler. */
  readonly data?: unknown;
  /** The status, when the answer has one. */
  readonly status?: number | undefined;
  /** The refusal of the message. */
  readonly error?: Partial<Refusal>;
}

/** The close of a connection, as the client gets it. The code is `"none"` on a transport without close codes. */
export interface Closed {
  readonly code: number | "none";
  readonly reason: string;
}

/** Receives the events of a client. */
export interface ClientListener {
  /** Receives every frame, verbatim. */
  onFrame(text: string): void;
  onAnswer(answer: Answer): void;
  onClosed(closed: Closed): void;
}

/** An open connection of a client. */
export interface HarnessClient {
  /** Sends messages so that they arrive together. */
  send(messages: readonly OutgoingMessage[]): void;
  /** Sends messages in one frame. Called only with the ability `batches`. */
  sendBatch?(messages: readonly OutgoingMessage[]): void;
  /** Sends one of the harness's `malformed`. */
  sendRaw(raw: never): void;
  /** Stops reading. Data on its way may still arrive, and the client can still send. */
  pause(): void;
  /** Continues reading. */
  resume(): void;
  /** Starts an orderly close. */
  close(): void;
  /** Ends the connection without a close. */
  terminate(): void;
}

/** A handshake that led to no connection. */
export interface RefusedHandshake {
  readonly isRefused: true;
  /** The status of the answer. `"cut"` when the connection ended without an answer. */
  readonly status: number | "cut" | undefined;
  /** The close code, when the handshake was accepted and the connection then closed. */
  readonly closeCode?: number;
  /** The code of the refusal, when the answer names one. */
  readonly code?: string | undefined;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** All received data, verbatim. */
  readonly text: string;
}

/** Data that is not a valid message. */
export interface Malformed {
  /** A name for the title of the test, for example `an array`. */
  readonly what: string;
  readonly raw: unknown;
  readonly code: "bad_message" | "missing_action";
}

/** Drives an adapter for the suite. */
export interface Harness {
  /** The name in titles and in the support table. */
  readonly name: string;
  /** The value of `scope.transport`. */
  readonly transport: string;
  /** The abilities that the adapter lacks, each with the reason. */
  readonly lacks: Readonly<Partial<Record<Ability, string>>>;
  /** At least one entrance: paths, namespaces or kinds of frames. */
  readonly entrances: readonly [string, ...string[]];
  /**
   * Names that the transport reserves. A client that uses one as an action gets `bad_message` or is disconnected.
   * Default: none.
   */
  readonly reservedActions?: readonly string[];
  /** Invalid messages, at least one of them a `bad_message`. */
  readonly malformed: readonly [Malformed, ...Malformed[]];
  /** Set when `origin` of a running server accepts real sockets. The attack kit then runs against it. */
  readonly attackable?: Attackable;
  start(setup: ServerSetup): Promise<RunningServer>;
}
