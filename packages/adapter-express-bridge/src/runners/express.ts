import { PermissionMisuse, type Scope } from "@portcullis/core";
import { show } from "@portcullis/core/internal";
import { refuseParam } from "../exchange/derive-request.js";
import type { Exchange } from "../exchange/exchange.js";
import type { Derived } from "../exchange/make-request.js";
import { runChain } from "./express-chain.js";
import { canBeAsked } from "./express-routes.js";
import type { Handler } from "./handler.js";
import { refuseEmpty } from "./refuse-empty.js";
import type { Runner, RunnerSettings } from "./runner.js";
import { identityOf } from "./scope-identity.js";
import { limitSessionWrites } from "./session-writes.js";

/** The parts that are used of an Express application, version 4 or 5. */
export interface ExpressApplication {
  get(name: string): unknown;
  set(name: string, value: unknown): unknown;
}

/** An application with the prototypes of its requests and responses. */
interface ApplicationWithPrototypes extends ExpressApplication {
  readonly request: object;
  readonly response: object;
}

/** A request as middlewares extend it. */
export type Extended = Record<string, unknown>;

/**
 * Reads the option `app`. Without it, an application among the middlewares is used.
 *
 * @throws {PermissionMisuse} When there is neither an application nor `null`.
 */
export function readApp(caller: string, app: unknown, chain: readonly unknown[]): ApplicationWithPrototypes | null {
  const found = app === undefined ? chain.find(isApplication) : app;
  if (found === null || isApplication(found)) return found;
  throw new PermissionMisuse(
    `${caller} got ${show(app)} as \`app\`: give the Express application whose settings count, as in { app: express() }, or null for middlewares that need none`,
  );
}

function isApplication(value: unknown): value is ApplicationWithPrototypes {
  if (typeof value !== "function") return false;
  const { request, response } = value as unknown as Partial<ApplicationWithPrototypes>;
  return typeof request === "object" && request !== null && typeof response === "object" && response !== null;
}

/** Runs a chain of Express middlewares. */
export function expressRun(
  chain: readonly Handler[],
  app: ApplicationWithPrototypes | null,
  settings: RunnerSettings,
): Runner {
  const hasSomethingToAsk = () => chain.some(canBeAsked);
  return refuseEmpty(hasSomethingToAsk, (exchange, derived) => {
    const restore = () => setPrototypes(exchange, app);
    restore();
    prepare(exchange, derived, app);
    if (!derived.isHandshake) limitSessionWrites(exchange, derived.isIdle);
    if (settings.usesScope) useScope(exchange, derived.scope);
    if (app !== null && derived.method === "HEAD") keepUnwritten(exchange);
    const { request, response } = exchange as unknown as { request: Extended; response: Extended };
    const { caller, deniesUnmatched, stopAt } = settings;
    runChain({ chain, exchange, caller, deniesUnmatched, stopAt, restore });
    return () => ({
      user: request.user,
      auth: request.auth,
      session: request.session,
      locals: response.locals as Extended,
      params: { ...(request.params as Extended) },
      body: request.body,
    });
  });
}

/** Gives request and response the methods of the application. */
function setPrototypes({ request, response }: Exchange, app: ApplicationWithPrototypes | null): void {
  if (app === null) return;
  Object.setPrototypeOf(request, app.request);
  Object.setPrototypeOf(response, app.response);
}

/** Writes the properties that Express sets. Each by itself, because `Object.assign` takes several times as long. */
function prepare(exchange: Exchange, derived: Derived, app: ExpressApplication | null): void {
  const { request, response } = exchange as unknown as { request: Extended; response: Extended };
  const { body, params, unfitQuery } = derived;
  request.originalUrl = request.url;
  request.baseUrl = "";
  request.body = body;
  request.params = params;
  request.res = response;
  response.req = request;
  response.locals = Object.create(null);
  if (app !== null && !("query" in request)) request.query = queryOf(request.url as string, app);
  if (app !== null && unfitQuery.length > 0) refuseFields(request, unfitQuery);
}

/** Makes the reading of a query field throw if the query cannot represent its value, which the handler gets. */
function refuseFields(request: Extended, names: readonly string[]): void {
  const value: Extended = Object.assign(Object.create(null), request.query);
  for (const name of names) refuseParam(value, name);
  // In Express 5 the query is a getter that parses the URL each time.
  Object.defineProperty(request, "query", { value, configurable: true, enumerable: true, writable: true });
}

/**
 * Records the body that Express does not write for a HEAD, so that a refusal keeps its reason. `send` becomes an own
 * property, which wrappers that middlewares add call.
 */
function keepUnwritten({ response, recording }: Exchange): void {
  const value = function send(this: Extended, ...input: unknown[]): unknown {
    // Express 4 accepts a status beside the body. An object is sent again as the text of its JSON.
    const body = input.find((one) => typeof one === "string" || one instanceof Uint8Array);
    if (body !== undefined) recording.unwritten = () => body;
    return Object.getPrototypeOf(this).send.apply(this, input);
  };
  Object.defineProperty(response, "send", { value, writable: true, configurable: true });
}

/** Parses the query. In Express 4 a middleware of the application does that, and it is not in the chain. */
function queryOf(url: string, app: ExpressApplication): unknown {
  const parse = app.get("query parser fn");
  return typeof parse === "function" ? parse(url.split("?").slice(1).join("?")) : {};
}

function useScope({ request }: Exchange, scope: Scope): void {
  const { user, session } = identityOf(scope);
  if (user !== undefined) Object.assign(request, { user });
  if (session !== undefined) Object.assign(request, { session });
}
