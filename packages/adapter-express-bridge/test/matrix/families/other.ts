import { fileURLToPath } from "node:url";
import compression from "compression";
import cors from "cors";
import helmet from "helmet";
import morgan from "morgan";
import onFinished from "on-finished";
import onHeaders from "on-headers";
import responseTime from "response-time";
import serveStatic from "serve-static";
import { check, KEY_CASES, keyAnd } from "../guards.js";
import { type Row, withExpress } from "../row.js";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const ALLOWED = "https://app.example";
type Response = {
  setHeader(name: string, value: string | string[]): void;
  status(code: number): Response;
  json(body: unknown): void;
  send(body: string): void;
};
type Next = (error?: unknown) => void;

export const otherFamily: Row[] = [
  withExpress("helmet", "headers that protect a page", () => ({
    subject: helmet(),
    after: keyAnd("the header", (_request, response) => response.getHeader("x-frame-options") === "SAMEORIGIN"),
    cases: KEY_CASES,
  })),
  withExpress("cors", "an origin that is not listed", () => ({
    subject: cors({
      origin: (origin: string | undefined, done: (error: unknown, isAllowed?: boolean) => void) =>
        origin === ALLOWED || origin === undefined
          ? done(null, true)
          : done(Object.assign(new Error("that origin may not"), { status: 403 })),
    }),
    cases: {
      allowed: { headers: { origin: ALLOWED } },
      refused: { headers: { origin: "https://evil.example" } },
      malformed: { headers: { origin: "https://app.example.evil.example" } },
    },
  })),
  withExpress("cors", "its headers, without a refusal", () => ({
    subject: cors({ origin: ALLOWED }),
    after: keyAnd("the header", (_request, response) => response.getHeader("access-control-allow-origin") === ALLOWED),
    cases: {
      ...KEY_CASES,
      // The reason why this package does not protect a handshake.
      allowedFromElsewhere: { headers: { "x-api-key": "ann", origin: "https://evil.example" } },
    },
  })),
  withExpress("compression", "answers that are compressed", () => ({
    subject: compression({ threshold: 0 }),
    after: keyAnd("the method", (_request, response) => "flush" in response),
    cases: KEY_CASES,
  })),
  withExpress("morgan", "a log of every answer", () => {
    const lines: string[] = [];
    return {
      subject: morgan("tiny", { immediate: true, stream: { write: (line: string) => lines.push(line) } }),
      after: keyAnd("the line", () => lines.length > 0),
      cases: KEY_CASES,
    };
  }),
  withExpress("response-time", "a header with the time", () => ({
    subject: responseTime(),
    after: keyAnd("its listener", (_request, response) => Object.hasOwn(response, "writeHead")),
    cases: KEY_CASES,
  })),
  withExpress("on-headers", "a cookie that is set when the headers are sent", () => ({
    subject: (_request: unknown, response: Response, next: Next) => {
      onHeaders(response, () => response.setHeader("set-cookie", ["seen=1; Path=/", "twice=2"]));
      next();
    },
    after: keyAnd("its listener", (_request, response) => Object.hasOwn(response, "writeHead")),
    cases: KEY_CASES,
  })),
  withExpress("on-finished", "one at a time", () => {
    let running = 0;
    return {
      subject: (_request: unknown, response: Response, next: Next) => {
        running += 1;
        onFinished(response, () => {
          running -= 1;
        });
        next();
      },
      after: [check(503, "busy", () => running === 1), ...keyAnd("nothing", () => true)],
      cases: { ...KEY_CASES, allowedAgain: { ...KEY_CASES.allowed, times: 5 } },
    };
  }),
  withExpress("serve-static", "files behind a guard, and `next()` for a missing file", () => ({
    before: keyAnd("nothing", () => true),
    subject: serveStatic(FOLDER),
    cases: {
      allowed: { path: "/missing.txt", headers: { "x-api-key": "ann" } },
      refused: { path: "/missing.txt" },
      malformed: { path: "/missing.txt", headers: { "x-api-key": "?" } },
      refusedFile: { path: "/jwt.ts", headers: { "x-api-key": "ann" }, only: "connect" },
    },
  })),
  withExpress("express", "a router with routes", ({ express }) => {
    const router = express.Router();
    router.param("name", (_request, response, next, name) => {
      if (/^[a-z]+$/.test(name)) next();
      else response.status(400).json({ message: "that is no name" });
    });
    router.all("/rooms/:name", (request, response, next) => {
      if (request.params.name === "lobby") next();
      else response.status(403).json({ message: `not ${request.params.name}` });
    });
    return {
      subject: router,
      options: { stopAt: [] },
      cases: {
        allowed: { path: "/rooms/lobby?x=1" },
        refused: { path: "/rooms/cellar" },
        malformed: { path: "/rooms/7" },
        allowedUnmatched: {
          path: "/elsewhere",
          differs: {
            connect: "a router in which no route matches refuses",
            action: "a router in which no route matches refuses",
          },
        },
      },
    };
  }),
  withExpress("express", "a router without routes", ({ express }) => {
    const router = express.Router();
    router.use("/admin", check(403, "no admin", ({ headers }) => headers["x-role"] === "admin") as never);
    return {
      subject: router,
      cases: {
        allowed: { path: "/admin", headers: { "x-role": "admin" } },
        refused: { path: "/admin" },
        malformed: { path: "/admin/%2e", headers: { "x-role": "Admin" } },
        allowedElsewhere: {
          path: "/open",
          differs: {
            connect: "a router that runs none of its functions refuses",
            action: "a router that runs none of its functions refuses",
          },
        },
      },
    };
  }),
  withExpress("express", "an application", ({ express }) => {
    const inner = express();
    inner.use(check(401, "nobody", ({ headers }) => headers["x-role"] !== undefined) as never);
    inner.use(check(400, "no role", ({ headers }) => /^[a-z]+$/.test(headers["x-role"] ?? "")) as never);
    return {
      subject: inner,
      cases: { allowed: { headers: { "x-role": "admin" } }, refused: {}, malformed: { headers: { "x-role": "7" } } },
    };
  }),
  withExpress("express", "nested lists, and an error handler", () => ({
    subject: [
      [[(_request: unknown, _response: unknown, next: Next) => next()]],
      [
        ({ headers }: { headers: Record<string, string> }, _response: unknown, next: Next) =>
          next(headers["x-role"] === "admin" ? undefined : new Error(headers["x-role"] ?? "nobody")),
        (error: Error, _request: unknown, response: Response, _next: Next) =>
          response.status(error.message === "nobody" ? 401 : 403).json({ message: error.message }),
      ],
    ],
    cases: { allowed: { headers: { "x-role": "admin" } }, refused: {}, malformed: { headers: { "x-role": "7" } } },
  })),
];
