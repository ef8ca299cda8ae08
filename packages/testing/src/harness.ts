import type { GuardSession, MaybePromise, Payload, Refusal, RuleOptions } from "@portcullis/core";
import type { GuardOptions } from "@portcullis/core/adapter";
import type { Account, AttackOptions } from "./attack/options.js";

/** What an adapter may lack, and what the suite then leaves out. */
export const ABILITIES = {
  acks: "A message may be sent without asking for an answer; its refusal then comes as an event that names the action",
  queue:
    "What comes while something waits is read, and meets the caps of what may wait; else the transport holds it back",
  "refusal before the upgrade": "A refused client gets an HTTP response with status and headers, and no connection",
} as const;

export type Ability = keyof typeof ABILITIES;

/** What the suite gives to `authenticate`: what it put into the handshake, on any transport. */
export interface Credentials {
  readonly token: string | undefined;
}

/** The session of a connection, as a guard shows it. */
export type HarnessSession = GuardSession;

/** A message as the application behind the guard got it. */
export interface Delivered {
  readonly action: string;
  readonly payload: Payload;
  /** What the guard says is the session of the connection. */
  readonly session: HarnessSession;
}

/** The server that the suite wants: guarded with `policy`, or serving `consumer`. */
export interface ServerSetup {
  readonly policy?: unknown;
  readonly consumer?: unknown;
  readonly options: Omit<GuardOptions<never>, "authenticate"> & {
    authenticate?: (credentials: Credentials, asked: RuleOptions) => MaybePromise<unknown>;
  };
  /** Bytes of the largest message that the transport is to take; what it likes where it is not given. */
  readonly largestMessage?: number;
  /** The application's listener for connections. */
  onOpen(session: HarnessSession): void;
  /**
   * The application's listener for messages (of a guarded server). To be called synchronously from the transport's own
   * event; what it returns is sent to the client as the answer at once, what its promise brings when it is there.
   */
  onMessage(message: Delivered): unknown;
  /** The application's listener for the end of a connection. */
  onClose(session: HarnessSession): void;
}

/** How the attack kit reaches a server of a harness. */
export interface Attackable extends Pick<AttackOptions, "protocol" | "entrances"> {
  /** The credentials of a handshake with a token. */
  account(token: string): Account;
}

/** A running server. */
export interface RunningServer {
  readonly guard: {
    readonly sessions: Iterable<HarnessSession>;
    replace(policy: never): void;
    close(): Promise<void>;
  };
  /** What a page that this server delivered would send as its Origin. */
  readonly origin: string;
  /** Opens a connection. What arrives on it is told to the listener, from the first frame on. */
  connect(handshake: ClientHandshake, listener: ClientListener): Promise<HarnessClient | RefusedHandshake>;
  /** Ends the server and every connection. */
  stop(): Promise<void>;
}

/** What a client sends with its handshake. */
export interface ClientHandshake {
  /** To be handed to `authenticate`. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly origin?: string;
  /** One of the harness's `entrances`; the first if omitted. */
  readonly entrance?: string;
  /** Messages sent before the handshake is answered where the transport lets a client do so, else at once when it is. */
  readonly early?: readonly OutgoingMessage[];
  /** A client that never answers the server's closing. */
  readonly isSilent?: boolean;
  /** A connection that was cut before, to be resumed where the transport can; else a new one. */
  readonly resumes?: HarnessClient;
  /** The client goes away before it is answered. */
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
   * That of the message; `undefined` where the answer names none: a refusal of a message that asked for no answer, or,
   * on a transport where a message is answered once, whatever else a handler replies to it.
   */
  readonly id: number | undefined;
  /** The action, where the answer names one. */
  readonly action?: string | undefined;
  /** What the handler answered. */
  readonly data?: unknown;
  /** The status, where the answer carries one. */
  readonly status?: number | undefined;
  /** Why the message was refused. */
  readonly error?: Partial<Refusal>;
}

/** How a connection ended, as the client sees it; `"none"` on a transport that closes without codes. */
export interface Closed {
  readonly code: number | "none";
  readonly reason: string;
}

/** What the suite hears of a client. */
export interface ClientListener {
  /** Every frame, verbatim, so that it can be searched. */
  onFrame(text: string): void;
  onAnswer(answer: Answer): void;
  onClosed(closed: Closed): void;
}

/** The client's end of an open connection. */
export interface HarnessClient {
  /** Sends messages so that they arrive together. */
  send(messages: readonly OutgoingMessage[]): void;
  /** Sends one of the harness's `malformed`. */
  sendRaw(raw: never): void;
  /** Reads no more of what the server sends, but what is on its way; it goes on sending. */
  pause(): void;
  /** Reads on. */
  resume(): void;
  /** Begins an orderly close. */
  close(): void;
  /** Cuts the connection without a word. */
  terminate(): void;
}

/** A handshake that led to no connection. */
export interface RefusedHandshake {
  readonly isRefused: true;
  /** `"cut"`: the connection ended without an answer. */
  readonly status: number | "cut" | undefined;
  /** Where the refusal came as the closing of a connection that was accepted. */
  readonly closeCode?: number;
  /** Where the answer names the code of the refusal. */
  readonly code?: string | undefined;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** All that was received, verbatim. */
  readonly text: string;
}

/** Something that arrives but is no message. */
export interface Malformed {
  /** For the title of the test, for example `an array`. */
  readonly what: string;
  readonly raw: unknown;
  readonly code: "bad_message" | "missing_action";
}

/** An adapter, as the suite drives it. */
export interface Harness {
  /** For titles and the support table. */
  readonly name: string;
  /** What `scope.transport` says. */
  readonly transport: string;
  /** The abilities this adapter lacks, each with the reason. */
  readonly lacks: Readonly<Partial<Record<Ability, string>>>;
  /** All ways in: paths, namespaces, kinds of frames. At least one. */
  readonly entrances: readonly [string, ...string[]];
  /**
   * Names that the transport keeps for itself: a client that uses one as an action is told that it is no message, or cut
   * off. None by default.
   */
  readonly reservedActions?: readonly string[];
  /** At least one that is a `bad_message`. */
  readonly malformed: readonly [Malformed, ...Malformed[]];
  /** Where `origin` of a running server is reached by real sockets: then the attack kit is played against it. */
  readonly attackable?: Attackable;
  start(setup: ServerSetup): Promise<RunningServer>;
}
