import { setTimeout as sleep } from "node:timers/promises";
import jsonwebtoken from "jsonwebtoken";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { connect, runExample } from "../../test-support.js";

const sign = (claims: object) => jsonwebtoken.sign(claims, "change me");

test("who has a token connects, its scope decides about each message, and it ends when it expires", async () => {
  const { url } = await runExample(import.meta.url);
  const address = (token: string) => `${url.replace("http", "ws")}/?token=${token}`;
  const refused = new Promise((resolve) =>
    new WebSocket(address("nonsense"))
      .on("error", () => {})
      .on("unexpected-response", (_request, { statusCode }) => resolve(statusCode)),
  );
  expect(await refused).toBe(401);

  const reader = await connect(address(sign({ sub: "ann", scope: "read" })));
  reader.send({ action: "report.list" });
  expect(await reader.next()).toEqual({ done: "report.list" });
  reader.send({ action: "report.create" });
  expect(await reader.next()).toMatchObject({ response_status: 403, errors: ["This needs write."] });

  const now = Math.floor(Date.now() / 1000);
  const writer = await connect(address(sign({ sub: "ann", scope: "read write", exp: now + 3 })));
  writer.send({ action: "report.create" });
  expect(await writer.next()).toEqual({ done: "report.create" });
  await sleep(4000);
  writer.send({ action: "report.create" });
  expect(await writer.next()).toMatchObject({ response_status: 401 });
});

test("the route asks the rule of the sockets", async () => {
  const { url } = await runExample(import.meta.url);
  const post = async (claims?: object) => {
    const headers = claims ? { authorization: `Bearer ${sign(claims)}` } : undefined;
    return (await fetch(`${url}/reports`, { method: "POST", ...(headers && { headers }) })).status;
  };
  expect([await post(), await post({ scope: "read" }), await post({ scope: "write" })]).toEqual([401, 403, 201]);
});
