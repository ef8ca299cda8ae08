import { format } from "node:util";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { answer, anyAnswer, anyRequest, consumerOf, oddOf, type Scene } from "../../../test/anything.js";
import { uncaughtOf } from "../../../test/helpers.js";
import { Lab } from "../src/lab.js";
import { referenceHarness } from "./reference-harness.js";

const lab = new Lab(referenceHarness);
beforeEach(() => {
  // Formats like the console, so that a value that cannot be printed throws.
  vi.spyOn(console, "error").mockImplementation((...given) => void format(...given));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await lab.end();
});

/** Runs a property and expects no uncaught error. */
const alive = (run: (scene: Scene) => Promise<void>) =>
  uncaughtOf(async (thrown) => {
    await run({ kind: "undefined", place: "answered" });
    expect(thrown).toEqual([]);
  });

describe("whatever is answered", () => {
  test("a served message is answered once", () =>
    alive(async (scene) => {
      const server = await lab.serve(consumerOf(scene), { onDecision: () => answer(scene) });
      const client = await server.connect();
      let count = 0;
      await fc.assert(
        fc.asyncProperty(anyRequest, async ({ action, ...wanted }) => {
          Object.assign(scene, wanted);
          const answers = await Promise.all(client.sendAll([client.message(action), client.message("ping")]));
          count += 2;
          expect(client.answers).toHaveLength(count);
          for (const one of answers) if (one?.error) expect(oddOf(one.error)).toEqual([]);
        }),
        { numRuns: 300 },
      );
    }));

  test("a guarded message is answered once", () =>
    alive(async (scene) => {
      const policy = definePolicy({ actions: { ping: AllowAny, rule: permission("scene", () => answer(scene)) } });
      const server = await lab.guard(policy, { onDecision: () => answer(scene) });
      const client = await server.connect();
      let count = 0;
      await fc.assert(
        fc.asyncProperty(anyAnswer, async (wanted) => {
          Object.assign(scene, wanted);
          const [first] = await Promise.all(client.sendAll([client.message("rule"), client.message("ping")]));
          count += 2;
          expect(client.answers).toHaveLength(count);
          if (first?.error) expect(oddOf(first.error)).toEqual([]);
        }),
        { numRuns: 300 },
      );
    }));

  test("a handshake is answered once", () =>
    alive(async (scene) => {
      let asked = "";
      const when = (who: string, otherwise?: unknown) => (asked === who ? answer(scene) : otherwise) as never;
      const policy = definePolicy({
        connect: permission("door", { connect: () => when("rule", true) }),
        permissions: AllowAny,
      });
      const server = await lab.guard(policy, {
        authenticate: () => when("authenticate"),
        onDecision: () => when("onDecision"),
      });
      await fc.assert(
        fc.asyncProperty(fc.constantFrom("rule", "authenticate", "onDecision"), anyAnswer, async (next, wanted) => {
          Object.assign(scene, wanted);
          asked = next;
          const opened = server.opened.length;
          const refused = await server.tryHandshake().catch(() => undefined);
          if (refused === undefined) expect(server.opened).toHaveLength(opened + 1);
          else expect(oddOf(JSON.parse(refused.text.slice(JSON.stringify(refused.headers).length)))).toEqual([]);
        }),
        { numRuns: 300 },
      );
    }));
});
