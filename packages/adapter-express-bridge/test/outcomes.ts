import type { ErrorRequestHandler, RequestHandler } from "express";
import type { Context, Middleware } from "koa";

/** A refusing behaviour of a chain, with the resulting decision. */
export interface Refusing<M> {
  readonly name: string;
  readonly chain: readonly M[];
  readonly decision: {
    readonly outcome: "deny" | "error";
    readonly status: number;
    readonly code: string;
    readonly reason?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly retryAfter?: number;
  };
}

const CODES: Readonly<Record<number, string>> = {
  400: "invalid_input",
  401: "not_authenticated",
  404: "not_found",
  413: "payload_too_large",
  422: "invalid_input",
  429: "rate_limited",
  500: "permission_error",
  503: "permission_error",
};
const decided = (outcome: "deny" | "error", status: number, more: object = {}) => ({
  outcome,
  status,
  code: CODES[status] ?? "permission_denied",
  ...more,
});

export const httpError = (status: number, message: string, more: object = {}) =>
  Object.assign(new Error(message), { status, ...more });

const STATUSES = [400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 429, 499];
const challenge = { "www-authenticate": 'Bearer error="invalid_token"' };

function expressRow(
  name: string,
  decision: Refusing<RequestHandler>["decision"],
  ...chain: RequestHandler[]
): Refusing<RequestHandler> {
  return { name, decision, chain };
}

const repeat = asOne((error, _q, r, _next) => void r.status(error.status).json({ message: error.message }));
const recover = asOne((_error, _q, _r, next) => next());

/** The types distinguish error handlers from other handlers. A chain accepts both. */
function asOne(handler: ErrorRequestHandler): RequestHandler {
  return handler as never;
}

/** For Express. */
export const EXPRESS: readonly Refusing<RequestHandler>[] = [
  ...STATUSES.flatMap((status) => {
    const [own, thrown] = [status === 401 || status === 403 ? "deny" : "error", "error"] as const;
    const error = httpError(status, "said", { headers: challenge, expose: true });
    const said = { reason: "said" };
    const withHeaders = status === 429 ? said : { ...said, headers: challenge };
    return [
      expressRow(
        `answers ${status}`,
        decided(own, status, withHeaders),
        (_q, r) => void r.set(challenge).status(status).json({ message: "said" }),
      ),
      expressRow(`gives ${status} to next()`, decided(thrown, status, withHeaders), (_q, _r, next) => next(error)),
      expressRow(`throws ${status}`, decided(thrown, status, withHeaders), () => {
        throw error;
      }),
      expressRow(`rejects with ${status}`, decided(thrown, status, withHeaders), async () => {
        throw error;
      }),
      expressRow(
        `has ${status} repeated by a handler`,
        decided("error", status, said),
        (_q, _r, next) => next(error),
        repeat,
      ),
    ];
  }),
  expressRow("throws somebody else's status", decided("error", 401, { reason: "Unauthorized" }), async () => {
    throw httpError(401, "Request failed with status code 401", { response: { status: 401, data: "secret" } });
  }),
  expressRow("says 401 to itself, and then fails", decided("error", 401), (_q, r, next) => {
    r.status(401);
    next(new Error("said"));
  }),
  expressRow(
    "answers 401 after an error that was recovered from",
    decided("error", 401),
    (_q, _r, next) => next(new Error("db7")),
    recover,
    (_q, r) => void r.sendStatus(401),
  ),
  expressRow("redirects", decided("error", 401, { headers: { location: "/login" } }), (_q, r) => r.redirect("/login")),
  ...[200, 201, 204, 304].map((status) =>
    expressRow(`answers ${status}`, decided("error", 403), (_q, r) => void r.status(status).end()),
  ),
  expressRow("leaves the route", decided("error", 403), (_q, _r, next) => next("route")),
  expressRow("leaves the router", decided("error", 403), (_q, _r, next) => next("router")),
  ...[500, 503].map((status) =>
    expressRow(`answers ${status}`, decided("error", status), (_q, r) => void r.status(status).end()),
  ),
  expressRow("throws", decided("error", 500), () => {
    throw new Error("db7");
  }),
  expressRow("destroys the request", decided("error", 500), (q) => void q.destroy()),
  expressRow("is silent", { outcome: "error", status: 503, code: "permission_timeout" }, () => {}),
  expressRow("answers 401 and goes on", decided("error", 401), (_q, r, next) => {
    r.sendStatus(401);
    next();
  }),
  expressRow(
    "answers 401 and goes on to one that waits",
    decided("error", 401),
    (_q, r, next) => {
      r.sendStatus(401);
      next();
    },
    () => {},
  ),
  expressRow(
    "goes on to one that waits, and answers 401",
    decided("error", 401),
    (_q, r, next) => {
      next();
      r.sendStatus(401);
    },
    () => {},
  ),
  expressRow("answers 401 and fails", decided("error", 401), (_q, r, next) => {
    r.sendStatus(401);
    next(new Error("db7"));
  }),
  expressRow("answers 401 and throws", decided("error", 401), (_q, r) => {
    r.sendStatus(401);
    throw new Error("db7");
  }),
  expressRow("answers 401 and leaves the route", decided("error", 401), (_q, r, next) => {
    r.sendStatus(401);
    next("route");
  }),
  expressRow("goes on and answers 403", decided("error", 403), (_q, r, next) => {
    next();
    r.sendStatus(403);
  }),
  expressRow("goes on and throws 403", decided("error", 403), (_q, _r, next) => {
    next();
    throw httpError(403, "after all");
  }),
  expressRow("changes the method", decided("error", 403), (q, _r, next) => {
    q.method = "PUT";
    next();
  }),
];

function koaRow(
  name: string,
  decision: Refusing<Middleware>["decision"],
  ...chain: Middleware[]
): Refusing<Middleware> {
  return { name, decision, chain };
}

const answer = (context: Context, status: number) => {
  context.status = status;
  context.set(challenge);
  context.body = { message: "said" };
};

/** For Koa. */
export const KOA: readonly Refusing<Middleware>[] = [
  // Koa turns a status without a name into a 500.
  ...STATUSES.filter((status) => status !== 499).flatMap((status) => {
    const own = status === 401 || status === 403 ? "deny" : "error";
    const said = { reason: "said" };
    const withHeaders = status === 429 ? said : { ...said, headers: challenge };
    return [
      koaRow(`answers ${status}`, decided(own, status, withHeaders), (context) => answer(context, status)),
      koaRow(`throws ${status}`, decided("error", status, withHeaders), (context) =>
        context.throw(status, "said", { expose: true, headers: challenge }),
      ),
      koaRow(`answers ${status} and tells of it`, decided("error", status, said), (context) => {
        answer(context, status);
        context.app.emit("error", httpError(status, "db7"), context);
      }),
    ];
  }),
  koaRow("throws somebody else's status", decided("error", 401), () => {
    throw httpError(401, "Request failed with status code 401", { response: { status: 401, data: "secret" } });
  }),
  koaRow("throws 401 with another request in its place", decided("error", 401), (context) => {
    context.req = Object.create(context.req);
    context.throw(401, "said");
  }),
  koaRow("redirects", decided("error", 401, { headers: { location: "/login" } }), (context) =>
    context.redirect("/login"),
  ),
  koaRow("answers nothing", decided("error", 404), () => {}),
  ...[200, 201, 204, 304].map((status) =>
    koaRow(`answers ${status}`, decided("error", 403), (context) => {
      context.status = status;
    }),
  ),
  ...[500, 503].map((status) =>
    koaRow(`answers ${status}`, decided("error", status), (context) => {
      context.status = status;
    }),
  ),
  koaRow("throws", decided("error", 500), () => {
    throw new Error("db7");
  }),
  koaRow("destroys the request", decided("error", 500), (context) => void context.req.destroy()),
  koaRow("is silent", { outcome: "error", status: 503, code: "permission_timeout" }, () => new Promise(() => {})),
  koaRow("answers 401 by hand and goes on", decided("error", 401), async (context, next) => {
    context.res.statusCode = 401;
    context.res.end();
    await next();
  }),
  koaRow("answers 401 by hand and throws", decided("error", 401), (context) => {
    context.respond = false;
    context.res.statusCode = 401;
    context.res.end();
    throw new Error("db7");
  }),
  koaRow("goes on and answers 401", decided("error", 401), async (context, next) => {
    await next();
    context.status = 401;
  }),
  koaRow("goes on and throws 403", decided("error", 403), async (context, next) => {
    await next();
    context.throw(403);
  }),
  koaRow("changes the method", decided("error", 403), (context, next) => {
    context.method = "PUT";
    return next();
  }),
];
