import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { compileExamples, findExamples, promisedBy, runClient, runExample } from "./examples.js";

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
    const promised = promisedBy(example);
    // An example that promises output ends by itself, if later on a busy machine.
    const { trouble, printed } = await runExample(index, AbortSignal.timeout(promised ? 15_000 : 2000));
    expect(trouble).toBe("");
    if (promised) expect(printed).toBe(promised);
  },
  20_000,
);

test.each(["README.md", "docs/index.md"])(
  "%s: the first example and its client print the documented output",
  async (page) => {
    const index = examples.findIndex(({ place }) => place.startsWith(page));
    const ending = new AbortController();
    const server = runExample(index, ending.signal);
    const text = readFileSync(fileURLToPath(new URL(`../${page}`, import.meta.url)), "utf8");
    const [, program = ""] = /```js\n([\s\S]*?)```/.exec(text) ?? [];
    const [, promised = ""] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
    const socket = await connect(`ws://localhost:${port}`);
    const replied = once(socket, "message");
    socket.send('{"type": "ping"}');
    expect(String((await replied)[0])).toBe('allowed: {"type": "ping"}');
    socket.terminate();

    const client = runClient(program, port);
    await once(client.stdout, "data").then(([printed]) => {
      expect(JSON.parse(String(printed))).toEqual(JSON.parse(promised));
    });
    client.kill();
    ending.abort();
    expect((await server).trouble).toBe("");
  },
  20_000,
);

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
