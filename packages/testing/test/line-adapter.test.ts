import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { createInterface, type Interface } from "node:readline";
import { AllowAny, definePolicy, IsAuthenticated, permission } from "@portcullis/core";
import { expect, test } from "vitest";
import { guardLines } from "./line-adapter.js";

const isRoom = permission("isRoom", async ({ payload }) => payload.room === "lobby");
const policy = definePolicy({ connect: IsAuthenticated, actions: { ping: AllowAny, say: isRoom } });

async function answerTo(client: Socket, lines: Interface, text: string): Promise<unknown> {
  const answer = new Promise<string>((resolve) => lines.once("line", resolve));
  client.write(`${text}\n`);
  return JSON.parse(await answer);
}

test("the adapter refuses, delivers in order, and closes", async () => {
  const server = createServer();
  const authenticate = ({ token }: { token: string | undefined }) => ({ user: token === "ann" ? { id: 1 } : null });
  const guard = guardLines(server, policy, { authenticate }, (socket, text) =>
    socket.write(`{"heard":"${text[0]}"}\n`),
  );
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  const open = () => {
    const client = dial(port);
    return [client, createInterface({ input: client })] as const;
  };
  const [bob, bobs] = open();
  expect(await answerTo(bob, bobs, "/ bob")).toMatchObject({ error: { code: "not_authenticated" } });
  const [ann, anns] = open();
  expect(await answerTo(ann, anns, "/ ann")).toEqual({ open: true });
  expect(guard.sessions.size).toBe(1);
  const heard: unknown[] = [];
  anns.on("line", (text) => heard.push(JSON.parse(text)));
  ann.write('say {"room":"lobby"}\nping\nsay {"room":"cellar"}\nping [\n');
  await expect.poll(() => heard.length).toBe(4);
  expect(heard).toMatchObject([
    { heard: "s" },
    { heard: "p" },
    { action: "say", error: { code: "permission_denied" } },
    { action: "ping", error: { code: "bad_message" } },
  ]);
  await guard.close();
  await expect.poll(() => heard.at(-1)).toEqual({ closed: 1001, reason: "going away" });
  server.close();
});

test("the page shows this adapter", async () => {
  const page = await readFile(new URL("../../../CONTRIBUTING.md", import.meta.url), "utf8");
  const source = await readFile(new URL("line-adapter.ts", import.meta.url), "utf8");
  expect(page).toContain(source);
});

test("a client that resets its connection ends its session alone", async () => {
  const server = createServer();
  const guard = guardLines(server, policy, { authenticate: () => ({ user: { id: 1 } }) }, () => {});
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const client = dial((server.address() as AddressInfo).port);
  client.on("error", () => {});
  expect(await answerTo(client, createInterface({ input: client }), "/ ann")).toEqual({ open: true });
  client.resetAndDestroy();
  await expect.poll(() => guard.sessions.size).toBe(0);
  await guard.close();
  server.close();
});
