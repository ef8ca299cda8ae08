import { Readable } from "node:stream";
import onFinished from "on-finished";
import { type Row, withExpress } from "../row.js";

interface Request {
  readonly headers: Record<string, string | undefined>;
  readonly url: string;
  get(name: string): string | undefined;
  readonly [name: string]: unknown;
}
interface Response extends NodeJS.WritableStream {
  statusCode: number;
  status(code: number): Response;
  json(body: unknown): void;
  send(body: unknown): void;
  set(name: string, value: string): void;
  flushHeaders(): void;
  writeHead: (...given: unknown[]) => Response;
  readonly locals: Record<string, unknown>;
}
type Next = (error?: unknown) => void;

const CASES = {
  allowed: { headers: { "x-role": "editor" } },
  refused: { headers: { "x-role": "reader" } },
  malformed: {},
};

/** A middleware that does something unusual only when it refuses. */
function edge(
  what: string,
  refuse: (request: Request, response: Response, next: Next) => unknown,
  pass?: (next: Next) => void,
): Row {
  return withExpress("express", what, () => ({
    subject: (request: Request, response: Response, next: Next) => {
      const role = request.get("x-role");
      if (role === undefined) response.status(400).json({ message: "no role" });
      else if (role === "reader") refuse(request, response, next);
      else if (pass) pass(next);
      else next();
    },
    cases: CASES,
  }));
}

const httpError = (status: number, message: string) => Object.assign(new Error(message), { status });

/**
 * Sends everything that a middleware can read of a request as a refusal. It must be the same over HTTP and on a socket.
 */
function mirror({ app, body: _body, ...request }: Request & { app: { get(name: string): unknown } }, facts: object) {
  const {
    ip,
    ips,
    protocol,
    secure,
    hostname,
    path,
    originalUrl,
    baseUrl,
    url,
    query,
    method,
    xhr,
    subdomains,
    httpVersion,
  } = request as never;
  return {
    ip,
    ips,
    protocol,
    secure,
    hostname,
    path,
    originalUrl,
    baseUrl,
    url,
    query,
    method,
    xhr,
    subdomains,
    httpVersion,
    env: app.get("env"),
    ...facts,
  };
}

/** Unusual behaviour of middlewares, over HTTP and on a socket. */
export const edgesFamily: Row[] = [
  edge(
    "calls next() twice",
    (_q, r) => r.status(403).json({ message: "no" }),
    (next) => {
      next();
      next();
    },
  ),
  edge("answers and then calls next()", (_q, r, next) => {
    r.status(403).json({ message: "no" });
    next();
  }),
  edge("throws", () => {
    throw httpError(403, "no");
  }),
  edge("streams its answer", (_q, r) => {
    r.status(403);
    r.set("content-type", "text/plain");
    Readable.from(["not ", "for ", "you"]).pipe(r);
  }),
  edge("writes its answer piece by piece, and later", (_q, r) => {
    r.statusCode = 403;
    r.set("content-type", "text/plain");
    r.flushHeaders();
    r.write("not ");
    setTimeout(() => r.end("for you"), 2);
  }),
  edge("writes the head itself", (_q, r) => {
    r.writeHead(403, "No", { "content-type": "application/json" }).end('{"message":"no"}');
  }),
  edge("patches writeHead", (_q, r) => {
    const { writeHead } = r;
    r.writeHead = function patched(this: Response, ...given: unknown[]) {
      return writeHead.apply(this, [403, ...given.slice(1)]);
    };
    r.status(200).json({ message: "no" });
  }),
  edge("answers with bytes", (_q, r) => {
    r.status(403).set("content-type", "text/plain");
    r.send(Buffer.from("no é"));
  }),
  edge("waits for the end of the response", (_q, r) => r.status(403).json({ message: "no" })),
  edge("sets a header with a line break", (request, r) =>
    r.set("x-lang", decodeURIComponent(request.get("x-lang") ?? "%0d%0a")),
  ),
  edge("answers with a status of its own", (_q, r) => r.status(451).json({ message: "by law" })),
  edge("answers 401 without a challenge, as HTML", (_q, r) => r.status(401).send("<p>Sign in</p>")),
  edge("redirects by hand", (_q, r) => r.writeHead(307, { location: "/login?next=%2F" }).end()),
  edge("answers 200", (_q, r) => r.status(200).json({ message: "fine, but no" })),
  edge("calls next() with something that is no error", (_q, _r, next) => next("no")),
  withExpress("express", "waits for finish and close before the next may come", () => {
    let running = 0;
    return {
      subject: (request: Request, response: Response, next: Next) => {
        if (request.get("x-role") === undefined) response.status(400).json({ message: "no role" });
        else if (running > 0) response.status(503).json({ message: "busy" });
        else {
          running += 1;
          onFinished(response, () => {
            running -= 1;
          });
          if (request.get("x-role") === "editor") next();
          else response.status(403).json({ message: "no" });
        }
      },
      cases: {
        allowed: { ...CASES.allowed, times: 3 },
        refused: { ...CASES.refused, times: 3 },
        malformed: CASES.malformed,
      },
    };
  }),
  withExpress("express", "tells all it knows of a request", ({ app }) => {
    app.set("trust proxy", true);
    const forwarded = {
      "x-forwarded-for": "192.0.2.1, 192.0.2.2",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "a.b.example",
      host: "app.example",
      "x-requested-with": "XMLHttpRequest",
    };
    return {
      subject: (request: Request & { app: { get(name: string): unknown } }, response: Response, next: Next) => {
        response.locals.seen = true;
        const facts = {
          seen: response.locals.seen,
          same: (request.res as unknown) === response,
          role: request.get("X-Role"),
        };
        if (request.get("x-role") === "editor") next();
        else response.status(403).json({ message: JSON.stringify(mirror(request, facts)) });
      },
      cases: {
        allowed: CASES.allowed,
        refused: { path: "/rooms/7?sort=up&tag=a&tag=b", headers: { ...CASES.refused.headers, ...forwarded } },
        malformed: { path: "/%zz?a[b]=1&__proto__[x]=1", headers: forwarded },
      },
    };
  }),
];
