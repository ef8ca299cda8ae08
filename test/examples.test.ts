import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { compileExamples, findExamples, promisedBy, runExample } from "./examples.js";

const examples = findExamples();
const port = await freePort();
const problems = compileExamples(examples, port);

test("there are examples", () => {
  expect(examples.length).toBeGreaterThan(15);
});

test.each(examples.map((example, index) => ({ ...example, example, index })))(
  "$place",
  async ({ example, index }) => {
    expect(problems.get(example)).toEqual([]);
    const { trouble, printed } = await runExample(index, AbortSignal.timeout(2000));
    expect(trouble).toBe("");
    const promised = promisedBy(example);
    if (promised) expect(printed).toBe(promised);
  },
  20_000,
);

test("README: the first example prints the documented output", async () => {
  const index = examples.findIndex(({ place }) => place.startsWith("README.md"));
  const ending = new AbortController();
  const running = runExample(index, ending.signal);
  const readme = readFileSync(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8");
  const [, promised = ""] = /```json\n([\s\S]*?)```/.exec(readme) ?? [];
  const replies: string[] = [];
  const socket = await connect(`ws://localhost:${port}`);
  socket.on("message", (data) => replies.push(String(data)));
  socket.send('{"type": "chat.send", "id": 7}');
  socket.send('{"type": "ping"}');
  await expect.poll(() => replies.length).toBe(2);
  expect(JSON.parse(replies[0] ?? "")).toEqual(JSON.parse(promised));
  expect(replies[1]).toBe('allowed: {"type": "ping"}');
  socket.terminate();
  ending.abort();
  expect((await running).trouble).toBe("");
}, 20_000);

async function connect(url: string): Promise<WebSocket> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = new WebSocket(url);
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("open", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    if (isOpen) return socket;
    await sleep(50);
  }
  throw new Error(`nothing listens at ${url}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
