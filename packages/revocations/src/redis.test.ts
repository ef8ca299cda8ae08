import { PermissionMisuse } from "@portcullis/core";
import { expect, test } from "vitest";
import { redisRevocations } from "./redis.js";

/** A client of ioredis, and the commands that it got. */
function clientOf() {
  const asked: unknown[][] = [];
  const command =
    (name: string, answer: unknown) =>
    async (...parameters: unknown[]) => {
      asked.push([name, ...parameters]);
      return answer;
    };
  return { client: { xadd: command("xadd", "1-1"), xrange: command("xrange", []), xrevrange() {} }, asked };
}

const { client } = clientOf();
const node = { xAdd() {}, xRange() {}, xRevRange() {} };
const CLIENTS = "give a client of redis 5 or 6, as in { client: createClient({ url }) }, or one of ioredis 5 or 6";
const LIST = "the options are client, key, keep";

test.each([
  [undefined, "redisRevocations() got undefined: give an object with client, key, keep"],
  [{}, `redisRevocations() got undefined as \`client\`: ${CLIENTS}`],
  [client, "redisRevocations() got an object: give the client as { client }"],
  [node, "redisRevocations() got an object: give the client as { client }"],
  [{ client: null }, `redisRevocations() got null as \`client\`: ${CLIENTS}`],
  [{ client, key: "" }, 'redisRevocations() got "" as `key`: give the name of a key'],
  [{ client, key: 1 }, "redisRevocations() got 1 as `key`: give the name of a key"],
  [{ client, keep: 0 }, "redisRevocations() got 0 as `keep`: give a number of records"],
  [{ client, keep: 1.5 }, "redisRevocations() got 1.5 as `keep`: give a number of records"],
  [{ client, keeep: 1 }, `redisRevocations() has no option \`keeep\`: write \`keep\`; ${LIST}`],
])("options %# are a misuse", (options, message) => {
  expect(() => redisRevocations(options as never)).toThrow(new PermissionMisuse(message));
});

test.each([...Object.keys(client), ...Object.keys(node)])("a client without `%s` is a misuse", (name) => {
  const broken = { ...(name in client ? client : node), [name]: undefined };
  expect(() => redisRevocations({ client: broken as never })).toThrow(
    new PermissionMisuse(`redisRevocations() got an object as \`client\`: ${CLIENTS}`),
  );
});

test.each([
  [{}, "portcullis:revocations", 10_000],
  [{ key: "k", keep: 1 }, "k", 1],
])("options %j name the stream, and bound it", async (options, key, keep) => {
  const { client: own, asked } = clientOf();
  await redisRevocations({ client: own, ...options }).revoke("user:1");
  expect(asked).toEqual([["xadd", key, "MAXLEN", "~", keep, "*", "record", expect.stringContaining('"user:1"')]]);
});
