import type { IncomingMessage } from "node:http";

/** The parts of a context of Koa that are used. */
export interface KoaContext {
  readonly req: IncomingMessage & { user?: unknown };
  readonly request: object;
  readonly state: Record<string, unknown>;
  readonly body?: unknown;
  status: number;
  params?: Readonly<Record<string, unknown>>;
  session?: unknown;
  /** The options of koa-session for this request. */
  readonly sessionOptions?: object;
}

/** Calls the next middleware. */
export type KoaNext = () => Promise<unknown>;

/** A middleware, as Koa calls it. */
export type KoaMiddleware = (context: KoaContext, next: KoaNext) => unknown;
