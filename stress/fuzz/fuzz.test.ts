import { describe, expect, test } from "vitest";
import { families } from "./families/index.mjs";
import { drive } from "./lib/drive.mjs";
import { conversationsOf } from "./lib/play.mjs";
import { Random } from "./lib/random.mjs";
import { shrink } from "./lib/shrink.mjs";
import { GOALS } from "./lib/summary.mjs";

/** As many as take a second or two. */
const FEW: Readonly<Record<string, number>> = { handshakes: 1000, requests: 2000, packets: 2000 };
const byName = (name: string) => {
  const family = families.find((one) => one.name === name);
  if (!family) throw new Error(`there is no family ${name}`);
  return family;
};

describe("fuzzing", () => {
  test.concurrent.for(families.map(({ name }) => name))(
    "no input of %s opens a gate, ends the process or stays in memory",
    {
      timeout: 120_000,
    },
    async (name, { expect }) => {
      const run = await drive(byName(name), { seed: "short", inputs: FEW[name] ?? 3000 });
      expect(run.finding).toBeUndefined();
      expect(run.inputs).toBeGreaterThanOrEqual(FEW[name] ?? 3000);
      expect(run.calls).toBeGreaterThan(0);
      expect(run.unauthorised).toBe(0);
      expect(run.after).toMatchObject({ sessions: 0, sockets: 0 });
    },
  );

  test("a policy that is edited behind the guard's back is found, and the input is made small", {
    timeout: 120_000,
  }, async () => {
    const run = await drive(byName("codecs"), { seed: "short", inputs: 3000, flags: ["open"], shrinking: 60_000 });
    expect(run.unauthorised).toBeGreaterThan(0);
    expect(run.finding?.kind).toBe("unauthorised");
    const example = run.finding?.example as { messages: unknown[] }[];
    const before = conversationsOf(byName("codecs"), { seed: "short", batch: run.finding?.batch ?? 0, size: 100 });
    expect(JSON.stringify(example).length).toBeLessThan(JSON.stringify(before).length / 100);
  });

  test.for(["handshakes", "events", "requests"])("the same is found among %s", { timeout: 120_000 }, async (name) => {
    const run = await drive(byName(name), { seed: "short", inputs: 2000, flags: ["open"], shrinking: 1 });
    expect(run.finding?.kind).toBe("unauthorised");
  });

  test("a server that ends is seen, with what has ended it", { timeout: 120_000 }, async () => {
    const run = await drive(byName("payloads"), { seed: "short", inputs: 2000, flags: ["fragile"], shrinking: 1500 });
    expect(run.finding).toMatchObject({ kind: "crash", detail: expect.stringContaining("does not catch") });
    expect(JSON.stringify(run.finding?.example)).toContain("lobby");
  });

  test("every family has a goal", () => {
    for (const { name } of families) expect(GOALS[name]?.goal).toBeGreaterThanOrEqual(100_000);
    expect(Object.values(GOALS).reduce((sum, { goal }) => sum + goal, 0)).toBeGreaterThan(10_000_000);
  });

  test("an example is made as small as still shows the same", async () => {
    const example = [
      { text: "abcXdef", list: [1, 2, 3] },
      { text: "Y", list: [4] },
    ];
    const small = await shrink(example, async (one) => JSON.stringify(one).includes("X"));
    expect(small).toEqual([{ text: "X", list: [] }]);
  });

  test("the same seed makes the same inputs, another one others", () => {
    const made = (seed: string) => JSON.stringify(conversationsOf(byName("frames"), { seed, batch: 3, size: 5 }));
    expect(made("a")).toBe(made("a"));
    expect(made("a")).not.toBe(made("b"));
    expect(new Random("x").bits()).not.toBe(new Random("y").bits());
  });
});
