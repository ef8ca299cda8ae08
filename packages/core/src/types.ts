/** A value, or a promise of it. */
export type MaybePromise<T> = T | PromiseLike<T>;

/** The arguments that a client sent with one message. One object, never merged with trusted data. */
export type Payload = Readonly<Record<string, unknown>>;

/** A header or query value. A repeated name has an array of values. */
export type TextValue = string | readonly string[] | undefined;

/**
 * The facts of a connection, in the same shape on every transport. Read-only. The properties that `authenticate`
 * returned are added to it. An anonymous connection has `user: null`.
 */
export interface Scope {
  /** Name of the transport, for example `"ws"`. */
  readonly transport: string;
  /**
   * Path of the handshake without the query, as the client has encoded it. A target that routers read in different ways,
   * such as `/public/../admin` or `http://host/admin`, is refused (`bad_target`). On socket.io the name of the namespace.
   */
  readonly path: string;
  /** The query of the handshake, decoded. The object has no prototype. */
  readonly query: Readonly<Record<string, TextValue>>;
  /** Header names are in lower case. The object has no prototype. */
  readonly headers: Readonly<Record<string, TextValue>>;
  /** The cookies of the handshake, decoded. The first of several with one name counts. */
  readonly cookies: Readonly<Record<string, string | undefined>>;
  /** The `Origin` header; `undefined` for clients that are no browsers. */
  readonly origin: string | undefined;
  /** The address of the peer of this process, which may be a proxy. */
  readonly remoteAddress: string | undefined;
  /** True when the connection to this process is encrypted. False behind a proxy that terminates TLS. */
  readonly secure: boolean;
  /** The WebSocket subprotocols that the client has offered, in its order. */
  readonly subprotocols: readonly string[];
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  /** The user that `authenticate` has returned; `null` for nobody. */
  readonly user: unknown;
  /** The raw handshake object of the transport. */
  readonly request: unknown;
}

/** The server end of one connection. */
export interface Consumer {
  /** Random and unique. Not a secret. */
  readonly id: string;
  /** Name of the transport, for example `"ws"`. */
  readonly transport: string;
  /** The `WebSocket` or `Socket` of the transport; `undefined` before the connection is open. */
  readonly raw: unknown;
  /**
   * Closes the connection. A second call changes nothing.
   *
   * @param code A close code that a server may send (RFC 6455, section 7.4): 1000 to 1014 without 1004, 1005 and 1006, or
   *   3000 to 4999. Default 1000.
   * @param reason A text for the client, without secrets.
   * @throws {PermissionMisuse} For any other code.
   */
  close(code?: number, reason?: string): void;
}

/** The last argument of the methods of a class rule. */
export interface RuleOptions {
  /**
   * Aborted when the answer is no longer needed, because the deadline has passed or the connection has ended. Read it
   * before the rule answers. The options of a rule that has answered may serve another question.
   */
  readonly signal: AbortSignal;
}

/** The last argument of `hasObjectPermission`. */
export interface ObjectOptions extends RuleOptions {
  readonly payload: Payload;
}

/** The argument of a function rule. */
export interface Context<S = Scope> {
  readonly scope: S;
  readonly consumer: Consumer;
  readonly action: string;
  readonly payload: Payload;
  /**
   * Aborted when the answer is no longer needed. A getter of the prototype, so a copy of the context by spread does not
   * have it.
   */
  readonly signal: AbortSignal;
}

/** The argument of the `connect` part of a function rule. */
export interface ConnectContext<S = Scope> {
  readonly scope: S;
  readonly consumer: Consumer;
  readonly message: Payload;
  readonly signal: AbortSignal;
}

/** The argument of the `object` part of a function rule. */
export interface ObjectContext<S = Scope, O = unknown> extends Context<S> {
  readonly object: O;
}

/** A schema of any library that follows Standard Schema (https://standardschema.dev). */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => MaybePromise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The result of a Standard Schema: a value, or what is wrong with the input. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** One thing that is wrong with an input, and where. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
