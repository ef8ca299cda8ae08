import { createHash, createHmac } from "node:crypto";

/** A request of Express, as middlewares of all kinds have extended it. */
interface Request {
  readonly headers: Record<string, string | undefined>;
  readonly [name: string]: unknown;
}
interface Response {
  status(code: number): Response;
  json(body: unknown): void;
  getHeader(name: string): unknown;
  readonly locals: Record<string, unknown>;
}
type Next = (error?: unknown) => void;

/** Passes if the condition is true. Otherwise answers with a status and a message. */
export function check(status: number, message: string, isSo: (request: Request, response: Response) => unknown) {
  return function guard(request: Request, response: Response, next: Next) {
    if (isSo(request, response)) next();
    else response.status(status).json({ message });
  };
}

/** A guard that requires an API key, behind a middleware that refuses no one and has an effect. */
export function keyAnd(what: string, isDone: (request: Request, response: Response) => unknown) {
  return [
    check(401, "an API key is needed", ({ headers }) => headers["x-api-key"] !== undefined),
    check(400, "that is no API key", ({ headers }) => /^[a-z]+$/.test(headers["x-api-key"] ?? "")),
    check(500, `${what} is missing`, isDone),
  ];
}

/** The cases of {@link keyAnd}. */
export const KEY_CASES = {
  allowed: { headers: { "x-api-key": "ann" } },
  refused: {},
  malformed: { headers: { "x-api-key": "?" } },
};

/** A context of Koa, as middlewares of all kinds have extended it. */
interface Context {
  readonly headers: Record<string, string | undefined>;
  readonly state: Record<string, unknown>;
  throw(status: number, message: string): never;
  readonly response: { get(name: string): string };
  readonly [name: string]: unknown;
}

/** As {@link check}, for Koa. */
export function checkKoa(status: number, message: string, isSo: (context: Context) => unknown) {
  return async function guard(context: Context, next: () => Promise<unknown>) {
    if (!isSo(context)) context.throw(status, message);
    await next();
  };
}

/** As {@link keyAnd}, for Koa. */
export function keyAndKoa(what: string, isDone: (context: Context) => unknown) {
  return [
    checkKoa(401, "an API key is needed", ({ headers }) => headers["x-api-key"] !== undefined),
    checkKoa(400, "that is no API key", ({ headers }) => /^[a-z]+$/.test(headers["x-api-key"] ?? "")),
    checkKoa(500, `${what} is missing`, isDone),
  ];
}

export const SECRET = "a secret of at least thirty-two bytes";

/** The value of a cookie as express-session and cookie-parser sign it. */
export function signedValue(value: string, secret = SECRET): string {
  const signature = createHmac("sha256", secret).update(value).digest("base64").replace(/=+$/, "");
  return encodeURIComponent(`s:${value}.${signature}`);
}

/** A cookie and its signature as keygrip makes them, for cookie-session and Koa. */
export function keygripCookie(name: string, value: string, secret = SECRET): string {
  const signature = createHmac("sha1", secret).update(`${name}=${value}`).digest("base64");
  return `${name}=${value}; ${name}.sig=${signature.replace(/\//g, "_").replace(/\+/g, "-").replace(/=/g, "")}`;
}

export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
}

/** The secret that sessions store against forged requests. */
export const CSRF_SECRET = "abcdefghijklmnopqrstuvwx";

const sha1 = (text: string) => createHash("sha1").update(text).digest("base64");

/** A token of {@link CSRF_SECRET}, as csurf and koa-csrf make it. */
export function csrfToken(): string {
  const hash = sha1(`saltsalt-${CSRF_SECRET}`);
  return `saltsalt-${hash.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")}`;
}

/** A token of {@link CSRF_SECRET}, as lusca makes it. */
export function luscaToken(): string {
  return `saltsaltsa${sha1(`saltsaltsa${CSRF_SECRET}`)}`;
}
