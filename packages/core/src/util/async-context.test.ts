import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { CONSUMER, scopeOf, Wire } from "../../test/connection.js";
import { Gate } from "../guard/gate.js";

const als = new AsyncLocalStorage<string>();
const REQUESTS = ["first", "second", "third"];
const never = new Promise<boolean>(() => undefined);

afterEach(() => vi.unstubAllGlobals());

describe("several requests that one timer ends", () => {
  test.each(["connect", "action", "object"] as const)(
    "runs in the context of the rule that reads `signal`: %s",
    async (phase) => {
      const seen: unknown[] = [];
      const ask = ({ signal, scope }: { signal: AbortSignal; scope: { user: unknown } }) => {
        signal.addEventListener("abort", () => seen.push([scope.user, als.getStore()]));
        return never;
      };
      const slow = permission("slow", { connect: ask, action: ask, object: ask });
      const policy = definePolicy({ connect: slow, actions: { act: slow }, timeout: { [phase]: 20 } });
      const asking = {
        connect: (scope: never) => policy.decideConnect(scope, CONSUMER),
        action: (scope: never) => policy.decide(scope, CONSUMER, "act"),
        object: (scope: never) => policy.decide(scope, CONSUMER, "act", {}, { object: 1 }),
      }[phase];
      const made = await Promise.all(
        REQUESTS.map((user) =>
          als.run(user, async () => {
            const { code } = await asking({ user } as never);
            return [code, als.getStore()];
          }),
        ),
      );
      expect(seen).toEqual(REQUESTS.map((user) => [user, user]));
      expect(made).toEqual(REQUESTS.map((user) => ["permission_timeout", user]));
    },
  );

  test("runs `onDecision` and aborts in the context of each handshake", async () => {
    const heard: unknown[] = [];
    const aborted: unknown[] = [];
    const gate = new Gate<string>("guard()", definePolicy({ permissions: AllowAny }), {
      timeout: { connect: 20 },
      onDecision: ({ decision }) => void heard.push([decision.code, als.getStore()]),
      authenticate: (request, { signal }) => {
        signal.addEventListener("abort", () => aborted.push([request, als.getStore()]));
        return never;
      },
    });
    const knock = (request: string) => gate.admit(Object.assign(new Wire(), { client: request }));
    await Promise.all(REQUESTS.map((request) => als.run(request, () => knock(request).result)));
    expect(heard).toEqual(REQUESTS.map((request) => ["permission_timeout", request]));
    expect(aborted).toEqual(REQUESTS.map((request) => [request, request]));
  });

  test("is the same where somebody else gives up on it", async () => {
    const seen: unknown[] = [];
    const rule = permission("slow", ({ signal }) => {
      signal.addEventListener("abort", () => seen.push(als.getStore()));
      return never;
    });
    const policy = definePolicy({ actions: { act: rule } });
    const controller = new AbortController();
    const decision = als.run("asking", () =>
      policy.decide(scopeOf(), CONSUMER, "act", {}, { signal: controller.signal }),
    );
    als.run("leaving", () => controller.abort());
    expect(await decision).toMatchObject({ code: "aborted" });
    expect(seen).toEqual(["asking"]);
  });
});

describe("nothing is kept of a context", () => {
  test("for rules without `signal`, without `onDecision`", async () => {
    const resources: string[] = [];
    const hook = createHook({ init: (_id, type) => resources.push(type) }).enable();
    const late = permission("late", async ({ scope }) => scope !== null);
    const hanging = permission("hanging", () => never);
    const reading = permission("reading", async ({ signal }) => !signal.aborted);
    const policy = definePolicy({ connect: late, actions: { late, hanging, reading }, timeout: { action: 5 } });
    await policy.decide(scopeOf(), CONSUMER, "late");
    await policy.decide(scopeOf(), CONSUMER, "hanging");
    await new Gate("guard()", policy, {}).admit(new Wire()).result;
    expect(resources).not.toContain("PortcullisContext");
    await policy.decide(scopeOf(), CONSUMER, "reading");
    expect(resources).toContain("PortcullisContext");
    hook.disable();
  });
});

/** A further instance of the module, because each caches its way of capturing the context. */
function freshCopy(): Promise<typeof import("./async-context.js")> {
  return import(/* @vite-ignore */ new URL(`./async-context.js?copy=${crypto.randomUUID()}`, import.meta.url).href);
}

describe("without `node:async_hooks`", () => {
  const odd = () => {
    throw new Error("no");
  };
  test.each<[string, unknown]>([
    ["no process", undefined],
    ["a process of a bundler", {}],
    ["no module", { getBuiltinModule: () => undefined }],
    ["an older one", { getBuiltinModule: () => ({ AsyncLocalStorage: {} }) }],
    ["something that throws", { getBuiltinModule: odd }],
  ])("%s: the callback runs where it is called", async (_what, process) => {
    const fresh = await freshCopy();
    vi.stubGlobal("process", process);
    const context = als.run("before", () => fresh.contextOfNow());
    vi.unstubAllGlobals();
    const called = vi.fn();
    als.run("now", () => context(() => called(als.getStore())));
    expect(called).toHaveBeenCalledExactlyOnceWith("now");
  });

  test("with it, the callback runs in the captured context", async () => {
    const fresh = await freshCopy();
    const context = als.run("before", () => fresh.contextOfNow());
    const called = vi.fn();
    als.run("now", () => context(() => called(als.getStore())));
    expect(called).toHaveBeenCalledExactlyOnceWith("before");
  });
});
