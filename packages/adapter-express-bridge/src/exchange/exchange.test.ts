import type { ServerResponse } from "node:http";
import express, { type RequestHandler } from "express";
import { afterEach, describe, expect, test, vi } from "vitest";
import { askAction, nobody, scopeOf } from "../../test/support.js";
import { fromExpress } from "../index.js";
import { derive } from "./derive-request.js";
import { Exchange } from "./exchange.js";

afterEach(() => void vi.restoreAllMocks());

const app = express();
const ask = (middleware: RequestHandler, options = {}) => askAction(fromExpress(middleware, { app, ...options }));
const httpError = (status: number, message: string) => Object.assign(new Error(message), { status, expose: true });

/** Waits for some turns of promises, and for nothing else. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await null;
}

/** The record of a request log, once the response is closed. */
function logged(response: ServerResponse, heard: unknown[]): Promise<void> {
  response.on("finish", () => void heard.push(response.statusCode));
  return new Promise((resolve) => {
    response.on("close", () => {
      heard.push("close");
      resolve();
    });
  });
}

const EARLIER = httpError(402, "first");
const LATER = new Error("later");

describe("of two contradictions", () => {
  const after: [string, RequestHandler, object, unknown[]][] = [
    [
      "a response counts before a throw",
      (_q, r) => {
        r.status(401).json({ message: "Who?" });
        throw LATER;
      },
      { outcome: "error", status: 401, reason: "Who?" },
      [LATER],
    ],
    [
      "an error counts before a later one",
      (_q, _r, next) => {
        next(EARLIER);
        throw LATER;
      },
      { outcome: "error", status: 402, reason: "first" },
      [LATER],
    ],
    [
      "a throw counts more than that the chain was left",
      (_q, _r, next) => {
        next("route");
        throw LATER;
      },
      { outcome: "error", status: 500, error: LATER },
      [],
    ],
    [
      "a rejection counts more than the end of the chain, until the response is sent",
      async (_q, _r, next) => {
        next();
        await turns(3);
        throw LATER;
      },
      { outcome: "error", code: "permission_error", status: 500, error: LATER },
      [],
    ],
    [
      "next('route') counts more than the end of the chain, until the response is sent",
      async (_q, _r, next) => {
        next();
        await turns(4);
        next("route");
      },
      { outcome: "error", status: 403, reason: "No route is there for this." },
      [],
    ],
    [
      "a response counts more than the end of the chain, also a good one",
      (_q, r, next) => {
        next();
        r.send("ok");
      },
      { outcome: "error", code: "permission_denied", status: 403 },
      [],
    ],
    [
      "a redirect counts more than the end of the chain",
      (_q, r, next) => {
        next();
        r.redirect("/login");
      },
      { outcome: "error", code: "not_authenticated", status: 401 },
      [],
    ],
    [
      "an error counts more than a head that is sent",
      (_q, r, next) => {
        r.status(200).flushHeaders();
        next(LATER);
      },
      { outcome: "error", status: 500, error: LATER },
      [],
    ],
  ];
  test.each(after)("%s", async (_what, middleware, decision, told) => {
    const heard: unknown[] = [];
    expect(await ask(middleware, { onError: (error: unknown) => heard.push(error) })).toMatchObject(decision);
    expect(heard).toEqual(told);
  });

  test("what `onError` throws is printed, and changes nothing", async () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    const onError = () => {
      throw EARLIER;
    };
    const middleware: RequestHandler = (_q, r) => {
      r.sendStatus(401);
      throw LATER;
    };
    expect(await ask(middleware, { onError })).toMatchObject({ outcome: "error", status: 401 });
    expect(print.mock.calls).toEqual([["portcullis: onError has thrown:", EARLIER]]);
  });

  test("without `onError`, what comes too late is printed", async () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    await ask((_q, r) => {
      r.sendStatus(401);
      throw LATER;
    });
    expect(print.mock.calls).toEqual([["portcullis: a middleware has thrown after its answer was used:", LATER]]);
  });
});

describe("a status that is set while the response ends", () => {
  const atEnd =
    (status: number): RequestHandler =>
    (_q, r, next) => {
      const { end } = r;
      r.end = function ended(this: typeof r, ...given: never[]) {
        this.statusCode = status;
        return end.apply(this, given as never);
      } as never;
      next();
    };
  test.each([
    [201, { outcome: "allow" }],
    [304, { outcome: "allow" }],
    [399, { outcome: "allow" }],
    [400, { outcome: "error", code: "invalid_input", status: 400 }],
    [403, { outcome: "error", code: "permission_denied", status: 403 }],
    [503, { outcome: "error", code: "permission_error", status: 503 }],
  ])("%i", async (status, decision) => {
    expect(await ask(atEnd(status))).toMatchObject(decision);
  });
});

describe("a log of requests hears", () => {
  const cases: [string, RequestHandler, unknown[]][] = [
    ["the end of the chain", (_q, _r, next) => next(), [200, "close"]],
    ["a response", (_q, r) => void r.sendStatus(401), [401, "close"]],
    ["an error with its status", (_q, _r, next) => next(EARLIER), [402, "close"]],
    ["an error as a 500", (_q, _r, next) => next(LATER), [500, "close"]],
    ["a chain that was left as a 404", (_q, _r, next) => next("route"), [404, "close"]],
    [
      "the status that is sent, where the chain was left after that",
      (_q, r, next) => {
        r.status(202).flushHeaders();
        next("route");
      },
      [202, "close"],
    ],
    [
      "no end of a response that an error has cut off",
      (_q, r, next) => {
        r.flushHeaders();
        next(LATER);
      },
      ["close"],
    ],
    [
      "a response that was ended before next()",
      (_q, r, next) => {
        r.sendStatus(401);
        next();
      },
      [401, "close"],
    ],
  ];
  test.each(cases)("%s", async (_what, middleware, wanted) => {
    const heard: unknown[] = [];
    let closed: Promise<void> | undefined;
    await ask((q, r, next) => {
      closed = logged(r, heard);
      return middleware(q, r, next);
    });
    await closed;
    expect(heard).toEqual(wanted);
  });

  test("a single ending when the chain is left during it", async () => {
    const ends = vi.fn();
    const twice: RequestHandler = async (_q, r, next) => {
      const { end } = r;
      r.end = function ended(this: typeof r, ...given: never[]) {
        ends();
        return end.apply(this, given as never);
      } as never;
      next();
      await turns(4);
      next("route");
    };
    expect(await ask(twice)).toMatchObject({ outcome: "error", status: 403 });
    expect(ends).toHaveBeenCalledOnce();
  });
});

describe("once it is over,", () => {
  const endings: [string, RequestHandler, string[]][] = [
    ["the unread body is dropped after an allow", (_q, _r, next) => next(), ["end"]],
    ["the unread body is dropped after a refusal", (_q, r) => void r.sendStatus(403), ["end"]],
    ["the unread body is dropped after an error", (_q, _r, next) => next(LATER), ["end"]],
    ["a request that was not answered in time is aborted", () => {}, ["aborted"]],
  ];
  test.each(endings)("%s, and all is closed", async (_what, middleware, told) => {
    const heard: string[] = [];
    const closed: Promise<unknown>[] = [];
    await ask(
      (q, r, next) => {
        for (const event of ["aborted", "end"]) q.on(event, () => void heard.push(event));
        for (const one of [q, r, q.socket]) closed.push(new Promise((resolve) => one.on("close", resolve)));
        return middleware(q, r, next);
      },
      { timeout: told[0] === "aborted" ? 20 : 5000 },
    );
    await Promise.all(closed);
    expect(heard).toEqual(told);
  });

  test("an abort is told of a `destroy` that throws", async () => {
    const gone = new AbortController();
    const onError = vi.fn();
    const silent: RequestHandler = (request) => {
      request.destroy = () => {
        throw LATER;
      };
      queueMicrotask(() => gone.abort());
    };
    const decision = await askAction(fromExpress(silent, { app, onError }), { signal: gone.signal });
    expect(decision).toMatchObject({ outcome: "error", code: "aborted" });
    expect(onError.mock.calls).toEqual([[LATER]]);
  });

  test("a request is aborted too where nobody waits any more", async () => {
    const gone = new AbortController();
    const heard: string[] = [];
    let closed: Promise<unknown> | undefined;
    const silent: RequestHandler = (q) => {
      for (const event of ["aborted", "end"]) q.on(event, () => void heard.push(event));
      closed = new Promise((resolve) => q.on("close", resolve));
      queueMicrotask(() => gone.abort());
    };
    const decision = await askAction(fromExpress(silent, { app }), { signal: gone.signal });
    expect(decision).toMatchObject({ outcome: "error", code: "aborted" });
    await closed;
    expect(heard).toEqual(["aborted"]);
  });
});

test("an error event that no middleware listens to harms nothing", async () => {
  const emitting: RequestHandler = (q, r, next) => {
    for (const one of [q, r, q.socket]) one.emit("error", LATER);
    next();
  };
  expect(await ask(emitting)).toMatchObject({ outcome: "allow" });
});

test("a request whose method is changed is a fault that says so", async () => {
  const change: RequestHandler = (q, _r, next) => next(void Object.assign(q, { method: "GET" }));
  const error = expect.objectContaining({ message: expect.stringContaining("has changed the method of the request") });
  expect(await ask(change)).toMatchObject({ outcome: "error", status: 403, error });
});

test("an exchange in which nothing has run ends late", async () => {
  const settings = { methodOf: () => "GET", urlOf: undefined, maxBody: 100 };
  const context = { phase: "action", scope: scopeOf(), consumer: nobody, action: "a", payload: {} };
  const exchange = new Exchange(derive("ask()", settings, context as never), { timeout: 5, onError() {} });
  expect(await exchange.ending).toEqual({ how: "late", cause: undefined });
});

test("a request that is destroyed is a fault that says so", async () => {
  expect(await ask((q) => void q.destroy())).toMatchObject({
    outcome: "error",
    code: "permission_error",
    status: 500,
    error: new Error("a middleware has destroyed the request"),
  });
});

test("an error while ending the response is a fault", async () => {
  const broken: RequestHandler = (_q, r, next) => {
    r.statusCode = 404;
    r.end = () => {
      throw LATER;
    };
    next();
  };
  expect(await ask(broken)).toMatchObject({ outcome: "error", status: 500, error: LATER });
});

test("a response begins without a header", async () => {
  const names: string[][] = [];
  const look = (_q: unknown, r: ServerResponse, next: () => void) => {
    names.push(r.getHeaderNames());
    next();
  };
  await askAction(fromExpress(look, { app: null }));
  expect(names).toEqual([[]]);
});
