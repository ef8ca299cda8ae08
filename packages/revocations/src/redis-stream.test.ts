import fc from "fast-check";
import { expect, test } from "vitest";
import { redisRevocations } from "./redis.js";
import { streamOf } from "./redis-stream.js";

const options = { key: "k", keep: 5 };

/** A client whose every command gives the same answer, and the commands that it got. */
function clientOf(library: "node-redis" | "ioredis", answer: unknown) {
  const asked: unknown[][] = [];
  const names =
    library === "ioredis" ? ["xadd", "xrange", "xrevrange"] : ["xAdd", "xRange", "xRevRange", "XADD", "XRANGE"];
  const client: Record<string, unknown> = {};
  for (const name of names) {
    client[name] = async (...parameters: unknown[]) => {
      asked.push([name, ...parameters]);
      return answer;
    };
  }
  return { client, asked };
}

test.each(["node-redis", "ioredis"] as const)("answers of %s that make no sense are failures", async (library) => {
  await fc.assert(
    fc.asyncProperty(fc.anything(), async (answer) => {
      const stream = streamOf(clientOf(library, answer).client, options);
      const read = await stream.from("0-1", 10).catch((error: unknown) => error);
      if (!(read instanceof TypeError)) for (const entry of read as object[]) expect(entry).toHaveProperty("id");
      const added = await stream.add("text", undefined).catch((error: unknown) => error);
      if (typeof answer !== "string") expect(added).toBeInstanceOf(TypeError);
    }),
  );
});

test("commands of node-redis bound the stream", async () => {
  const { client, asked } = clientOf("node-redis", "1-1");
  await streamOf(client, options).add("text", undefined);
  expect(asked).toEqual([
    ["xAdd", "k", "*", { record: "text" }, { TRIM: { strategy: "MAXLEN", strategyModifier: "~", threshold: 5 } }],
  ]);
});

test("commands of ioredis bound the stream", async () => {
  const { client, asked } = clientOf("ioredis", "1-1");
  await streamOf(client, options).add("text", undefined);
  expect(asked).toEqual([["xadd", "k", "MAXLEN", "~", 5, "*", "record", "text"]]);
});

test("an append of node-redis can be taken back", async () => {
  const { client } = clientOf("node-redis", "1-1");
  const signals: unknown[] = [];
  client.withAbortSignal = (signal: unknown) => {
    signals.push(signal);
    return client;
  };
  const { signal } = new AbortController();
  await streamOf(client, options).add("text", signal);
  expect(signals).toEqual([signal]);
});

test("entries of other programs have no text", async () => {
  const other = [
    ["1-1", ["record", "a"]],
    ["1-2", ["other", "record"]],
    ["1-3", "text"],
  ];
  const read = await streamOf(clientOf("ioredis", other).client, options).from("-", 10);
  expect(read).toEqual([
    { id: "1-1", text: "a" },
    { id: "1-2", text: "" },
    { id: "1-3", text: "" },
  ]);
});

test.each([
  [{}, /`client`: give a client of redis 5 or 6/],
  [{ client: null }, /`client`: give a client of redis 5 or 6/],
  [{ client: {} }, /`client`: give a client of redis 5 or 6/],
  [{ client: clientOf("ioredis", "").client, key: "" }, /`key`: give the name of a key/],
  [{ client: clientOf("ioredis", "").client, keep: 0.5 }, /`keep`: give a number of records/],
  [{ client: clientOf("ioredis", "").client, keeep: 1 }, /no option `keeep`: write `keep`/],
])("options %# are a misuse", (options, message) => {
  expect(() => redisRevocations(options as never)).toThrow(message);
});
