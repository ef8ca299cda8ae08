import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";

/** Starts the example a test belongs to, and ends it with the test. */
export async function runExample(testUrl: string, options: object = {}): Promise<{ url: string }> {
  const server = join(dirname(fileURLToPath(testUrl)), "..", "server.mjs");
  const { start } = await import(pathToFileURL(server).href);
  const running = (await start(options)) as { url: string; close: () => Promise<void> };
  onTestFinished(() => running.close());
  return running;
}

/** A client of ws that speaks JSON and reads one message after the other. */
export async function connect(url: string, token?: string) {
  const socket = new WebSocket(url, token ? { headers: { authorization: `Bearer ${token}` } } : {});
  const received: unknown[] = [];
  const waiting: ((message: unknown) => void)[] = [];
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    const next = waiting.shift();
    if (next) next(message);
    else received.push(message);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return {
    send: (message: unknown) => socket.send(JSON.stringify(message)),
    next: () =>
      received.length > 0 ? Promise.resolve(received.shift()) : new Promise((resolve) => waiting.push(resolve)),
  };
}
