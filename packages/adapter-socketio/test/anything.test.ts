import { format } from "node:util";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { answer, anyAnswer, anyRequest, consumerOf, oddOf, type Scene } from "../../../test/anything.js";
import { guard, serve } from "../src/index.js";
import { clientOf, listen, open, stopAll, uncaughtOf } from "./support.js";

beforeEach(() => {
  // Formats like the console, so that values that cannot be printed throw.
  vi.spyOn(console, "error").mockImplementation((...given) => void format(...given));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await stopAll();
});

const TRANSPORTS = [["websocket"], ["polling"]] as const;
const ODD = /\[object|Symbol\(/;

/** Runs a property, during which nothing may end the process. */
const alive = (run: () => Promise<void>) =>
  uncaughtOf(async (thrown) => {
    await run();
    expect(thrown).toEqual([]);
  });

/** Sends an event. The number of its acknowledgements is counted after the next one. */
async function ask(client: Awaited<ReturnType<typeof open>>, event: string): Promise<unknown[]> {
  const answers: unknown[] = [];
  client.emit(event, {}, (...given: unknown[]) => void answers.push(given[0]));
  await client.timeout(4000).emitWithAck("ping");
  return answers;
}

test.each(TRANSPORTS)("a served event is answered once, whatever is answered: %s", (transport) =>
  alive(async () => {
    const scene: Scene = { kind: "undefined", place: "answered" };
    const server = await listen((io) => void serve(io, consumerOf(scene), { onDecision: () => answer(scene) }));
    const client = await open(server, "/", { transports: [transport] });
    await fc.assert(
      fc.asyncProperty(anyRequest, async ({ action, ...wanted }) => {
        Object.assign(scene, wanted);
        const answers = await ask(client, action);
        expect(answers).toHaveLength(1);
        const refused = answers[0] as { ok?: unknown; error?: unknown } | null;
        if (refused?.ok === false) {
          expect(oddOf(refused.error)).toEqual([]);
          expect(JSON.stringify(refused)).not.toMatch(ODD);
        }
      }),
      { numRuns: 100 },
    );
  }),
);

test("a guarded event is answered once for any rule or option", () =>
  alive(async () => {
    const scene: Scene = { kind: "undefined", place: "answered" };
    const policy = definePolicy({
      actions: {
        ping: AllowAny,
        rule: permission("scene", () => answer(scene)),
        denied: permission("no", () => false),
        action: permission("no", () => false),
        payload: permission("no", () => false),
      },
    });
    const server = await listen((io) => {
      guard(io, policy, {
        onDecision: () => answer(scene),
        denied: (error, { action }) => (action === "denied" ? answer(scene) : { ok: false, error }),
        action: (event) => (event === "action" ? answer(scene) : event),
        payload: (event) => (event === "payload" ? answer(scene) : {}),
        limits: { undecodable: 1000 },
      });
      io.on("connection", (socket) => {
        socket.onAny((_event, ...given) => given.at(-1)("handled"));
      });
    });
    const client = await open(server);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("rule", "denied", "action", "payload"), anyAnswer, async (event, wanted) => {
        Object.assign(scene, wanted);
        const answers = await ask(client, event);
        expect(answers).toHaveLength(1);
        const refused = answers[0] as { ok?: unknown; error?: unknown } | null;
        if (event !== "denied" && refused?.ok === false) expect(oddOf(refused.error)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  }));

test.each(TRANSPORTS)("a CONNECT is answered once, whatever is answered: %s", (transport) =>
  alive(async () => {
    const scene: Scene = { kind: "undefined", place: "answered" };
    let asked = "";
    const when = (who: string, otherwise?: unknown) => (asked === who ? answer(scene) : otherwise) as never;
    const policy = definePolicy({
      connect: permission("door", { connect: () => when("rule", true) }),
      permissions: AllowAny,
    });
    const server = await listen((io) => {
      guard(io, policy, { authenticate: () => when("authenticate"), onDecision: () => when("onDecision") });
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("rule", "authenticate", "onDecision"), anyAnswer, async (next, wanted) => {
        Object.assign(scene, wanted);
        asked = next;
        const client = clientOf(server, "/", { transports: [transport] });
        const refusal = await new Promise<{ data?: unknown } | undefined>((resolve, reject) => {
          client.once("connect", () => resolve(undefined));
          client.once("connect_error", resolve);
          client.once("disconnect", () => reject(new Error("cut off")));
        });
        client.removeAllListeners().disconnect();
        if (refusal === undefined) return;
        expect(oddOf(refusal.data)).toEqual([]);
        expect(JSON.stringify(refusal.data)).not.toMatch(ODD);
      }),
      { numRuns: 60 },
    );
  }),
);

test.each([
  ["retryAfter: 5n", "retryAfter of deny", "a BigInt"],
  ["retryAfter: Symbol()", "retryAfter of PermissionDenied", "a symbol"],
  ["a reason that is an object", "reason of PermissionDenied", "an object"],
  ["a cyclic reason", "reason of PermissionDenied", "a cycle"],
  ["a reason with a BigInt", "reason of PermissionDenied", "a BigInt inside"],
  ["headers with a throwing getter", "headers of deny", "throwing getters"],
  ["a header that is a symbol", "a header of PermissionDenied", "a symbol"],
  ["new PermissionDenied(42)", "PermissionDenied(value)", "a number"],
])("%s is left out, of a CONNECT and of an event", (_what, place, kind) =>
  alive(async () => {
    const scene: Scene = { kind, place };
    let isOpen = false;
    const policy = definePolicy({
      connect: permission("door", { connect: () => isOpen || answer(scene) }),
      actions: { ask: permission("scene", () => answer(scene)), ping: AllowAny },
    });
    const server = await listen((io) => {
      guard(io, policy);
      io.on("connection", (socket) => {
        socket.on("ping", (done) => done("pong"));
      });
    });
    const refused = await new Promise<{ data?: object }>((resolve) => clientOf(server).once("connect_error", resolve));
    expect(refused.data).toMatchObject({ status: 403 });
    expect(oddOf(refused.data)).toEqual([]);
    isOpen = true;
    expect(await ask(await open(server), "ask")).toEqual([{ ok: false, error: refused.data }]);
  }),
);
