import type { Consumer, Payload, Scope } from "@portcullis/core";

/** The question from which a request is derived. */
export interface HttpContext<S = Scope> {
  readonly phase: "connect" | "action";
  readonly scope: S;
  readonly consumer: Consumer;
  /** `connect` at connect. */
  readonly action: string;
  /** The payload of the action. At connect, the message of the handshake. */
  readonly payload: Payload;
  /** True when `authenticate` is called for a connection that is open. */
  readonly isOpen?: boolean;
  /** True when the client of that connection has sent nothing since the last time. */
  readonly isIdle?: boolean;
}

/** Finds the method of a derived request. */
export type MethodOf = (phase: "connect" | "action", action: string) => string;

/** Makes the URL of a derived request. */
export interface UrlOf {
  (context: HttpContext<never>, parts: Readonly<Record<string, unknown>>): string;
  /** The names of the parts of a template. `undefined` for a function. */
  readonly names?: ReadonlySet<string>;
}

/** The settings by which a request is derived. */
export interface DerivationSettings {
  readonly methodOf: MethodOf;
  readonly urlOf: UrlOf | undefined;
  readonly params?: (context: HttpContext<never>) => Readonly<Record<string, unknown>>;
  readonly query?: (context: HttpContext<never>) => Readonly<Record<string, unknown>>;
  readonly body?: (context: HttpContext<never>) => unknown;
  readonly headers?: (scope: never) => Readonly<Record<string, string | undefined>>;
  /** The largest body, in bytes. */
  readonly maxBody: number;
}

/** True when a question comes from an HTTP route. */
export function isOverHttp({ consumer }: HttpContext<never>): boolean {
  // `authenticate` has no consumer yet.
  return consumer?.transport === "http";
}

/**
 * True when the answer opens a connection. A connection that is open is authenticated again without a response, so no
 * cookie reaches its client.
 */
export function isHandshake(context: HttpContext<never>): boolean {
  const { phase, consumer, isOpen } = context;
  return phase === "connect" && !isOverHttp(context) && isOpen !== true && consumer?.raw === undefined;
}

/**
 * True when no activity of the user is behind a question: the server authenticates an open connection again. The rule of
 * `connect` does not know whether its client was active, whose messages prolong the session themselves.
 */
export function isServersOwn(context: HttpContext<never>): boolean {
  const { phase, consumer, isIdle } = context;
  return isIdle === true || (phase === "connect" && !isOverHttp(context) && consumer?.raw !== undefined);
}
