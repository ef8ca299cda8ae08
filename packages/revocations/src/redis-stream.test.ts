import fc from "fast-check";
import { expect, test } from "vitest";
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

test("the value of our field is read where it stands", async () => {
  const other = [
    ["1-1", ["other", "a", "record", "b"]],
    ["1-2", ["other", "record", "record", "b"]],
    ["1-3", ["record", "a", "other", "b"]],
  ];
  const read = await streamOf(clientOf("ioredis", other).client, options).from("-", 10);
  expect(read.map(({ text }) => text)).toEqual(["b", "b", "a"]);
});

test("entries of node-redis without our field have no text", async () => {
  const other = [{ id: "1-1", message: { record: "a" } }, { id: "1-2", message: { other: "a" } }, { id: "1-3" }];
  const read = await streamOf(clientOf("node-redis", other).client, options).from("-", 10);
  expect(read).toEqual([
    { id: "1-1", text: "a" },
    { id: "1-2", text: "" },
    { id: "1-3", text: "" },
  ]);
});

test.each([
  ["node-redis", [["xRange", "k", "1-1", "+", { COUNT: 7 }]], [["xRevRange", "k", "+", "-", { COUNT: 1 }]]],
  ["ioredis", [["xrange", "k", "1-1", "+", "COUNT", 7]], [["xrevrange", "k", "+", "-", "COUNT", 1]]],
] as const)("commands of %s read the stream from an id, and its end", async (library, from, last) => {
  const { client, asked } = clientOf(library, []);
  const stream = streamOf(client, options);
  expect([await stream.from("1-1", 7), asked.splice(0)]).toEqual([[], from]);
  expect([await stream.last(), asked]).toEqual([undefined, last]);
});

test.each([
  ["node-redis", [{ id: "1-1", message: { record: "a" } }, { id: "1-2" }]],
  ["ioredis", [["1-1", ["record", "a"]], ["1-2"]]],
] as const)("the newest entry of %s is the first one", async (library, answer) => {
  expect(await streamOf(clientOf(library, answer).client, options).last()).toEqual({ id: "1-1", text: "a" });
});

test.each([
  ["node-redis", undefined, [{ id: 1 }]],
  ["ioredis", "no list", [[1, []]]],
] as const)("failures of %s tell what is missing", async (library, none, nameless) => {
  const from = (answer: unknown) => streamOf(clientOf(library, answer).client, options).from("-", 10);
  await expect(from(none)).rejects.toThrow(new TypeError("the client of Redis has not answered a list of entries"));
  await expect(from(nameless)).rejects.toThrow(
    new TypeError("the client of Redis has answered an entry without an id"),
  );
  await expect(streamOf(clientOf(library, 1).client, options).add("text", undefined)).rejects.toThrow(
    new TypeError("the client of Redis has not answered the id of the entry"),
  );
});
