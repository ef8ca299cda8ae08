import { AllowAny, DenyAll, definePolicy } from "@portcullis/core";
import { afterEach, expect, test } from "vitest";
import { Client, start, stopAll, until } from "../test/support.js";
import { json, jsonRpc } from "./index.js";

afterEach(stopAll);

const policy = definePolicy({ actions: { yes: AllowAny, no: DenyAll } });
const call = (method: string, id: number) => ({ jsonrpc: "2.0", method, id });

test("a batch waits for a listener as one message", async () => {
  const heard: string[] = [];
  const { url } = await start({
    policy,
    options: { codec: jsonRpc() },
    onConnection: (socket) =>
      void setTimeout(() => socket.on("message", (data, isBinary) => heard.push(`${data} ${isBinary}`)), 20),
  });
  const client = await Client.open(url);
  const text = JSON.stringify([call("yes", 1), call("yes", 2)]);
  client.send(text);
  client.socket.send(Buffer.from(text));
  await until(() => heard.length === 2);
  expect(heard).toEqual([`${text} false`, `${text} true`]);
});

test("a close frame behind a batch is answered after it", async () => {
  const { url, handled } = await start({ policy, options: { codec: jsonRpc() } });
  const client = await Client.open(url);
  client.send([call("yes", 1), call("no", 2)], [call("yes", 3), call("yes", 4)]);
  client.socket.close(1000);
  expect(await client.end()).toMatchObject({ code: 1000 });
  expect(handled).toHaveLength(1);
  expect(client.received.map((text) => JSON.parse(text).map(({ id }: { id: number }) => id))).toEqual([[1, 2]]);
});

test("`denied` of the guard answers in place of the codec", async () => {
  const { url } = await start({
    policy,
    options: { codec: json(), denied: ({ code }, { message }) => JSON.stringify({ seq: message?.seq, code }) },
  });
  const client = await Client.open(url);
  client.send({ type: "no", seq: 7 }, "{");
  expect(await client.replies(2)).toEqual([{ seq: 7, code: "permission_denied" }, { code: "bad_message" }]);
});
