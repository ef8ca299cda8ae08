/** A value that is there already, or comes later. */
export type MaybePromise<T> = T | PromiseLike<T>;

/** The client's arguments of one message: one object, never merged with trusted data. */
export type Payload = Readonly<Record<string, unknown>>;

/** A header or query value: repeated ones are an array. */
export type TextValue = string | readonly string[] | undefined;

/**
 * What is known of a connection, the same on every transport. Read-only.
 * What `authenticate` returned is added to it; a connection nobody signed in on has `user: null`.
 */
export interface Scope {
  /** Name of the transport, for example `"ws"`. */
  readonly transport: string;
  /**
   * Path of the handshake, without the query, as `new URL()` reads it: `/public/../admin` is `/admin`. On socket.io the
   * name of the namespace.
   */
  readonly path: string;
  readonly query: Readonly<Record<string, TextValue>>;
  /** Lower-case names; no prototype. */
  readonly headers: Readonly<Record<string, TextValue>>;
  readonly cookies: Readonly<Record<string, string | undefined>>;
  readonly origin: string | undefined;
  readonly remoteAddress: string | undefined;
  /** Whether the connection is encrypted up to this process. */
  readonly secure: boolean;
  readonly subprotocols: readonly string[];
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  readonly user: unknown;
  /** The raw handshake of the transport. */
  readonly request: unknown;
}

/** The server end of one connection. */
export interface Consumer {
  /** Random, unique, and never a secret. */
  readonly id: string;
  readonly transport: string;
  /** The `WebSocket` or `Socket` of the transport; `undefined` while it is not open yet. */
  readonly raw: unknown;
  close(code?: number, reason?: string): void;
}

/** What a class rule gets as its last argument. */
export interface RuleOptions {
  /** Aborted when the answer is of no use any more: the deadline passed or the connection is gone. */
  readonly signal: AbortSignal;
}

/** What `hasObjectPermission` gets as its last argument. */
export interface ObjectOptions extends RuleOptions {
  readonly payload: Payload;
}

/** What a function rule is asked with. */
export interface Context<S = Scope> {
  readonly scope: S;
  readonly consumer: Consumer;
  readonly action: string;
  readonly payload: Payload;
  readonly signal: AbortSignal;
}

/** What the `connect` part of a function rule is asked with. */
export interface ConnectContext<S = Scope> {
  readonly scope: S;
  readonly consumer: Consumer;
  readonly message: Payload;
  readonly signal: AbortSignal;
}

/** What the `object` part of a function rule is asked with. */
export interface ObjectContext<S = Scope, O = unknown> extends Context<S> {
  readonly object: O;
}

/** One schema of any library that follows Standard Schema (https://standardschema.dev). */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => MaybePromise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
