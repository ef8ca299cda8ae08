import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { findProgram } from "../../../scripts/find-programs.mjs";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));

/** Logs in, and returns the cookie. */
async function logIn(url: string, name: string, password: string): Promise<string> {
  const headers = { "content-type": "application/json" };
  const { headers: answer } = await fetch(`${url}/login`, {
    method: "POST",
    headers,
    body: JSON.stringify({ name, password }),
  });
  return answer.getSetCookie()[0]?.split(";")[0] ?? "";
}

/** Opens a socket as a page does. `heard` is its first message, `closed` how it was closed. */
function open(url: string, cookie: string) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, { origin: url, headers: { cookie } });
  socket.on("open", () => socket.send('{"type":"ping"}'));
  const heard = once(socket, "message").then(([data]) => JSON.parse(String(data)));
  const closed = once(socket, "close").then(([code, reason]) => `${code} ${reason}`);
  heard.catch(() => undefined);
  closed.catch(() => undefined);
  return { heard, closed };
}

describe.skipIf(findProgram("redis-server") === undefined)("two processes on redis-server", () => {
  it("a logout closes the sockets of its session in both", { timeout: 60_000 }, async () => {
    const child = spawn("npm", ["start"], { cwd: FOLDER, detached: true, env: { ...process.env, PORT: "0" } });
    onTestFinished(() => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), "SIGKILL");
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
    await expect.poll(() => output, { timeout: 30_000 }).toMatch(/Ctrl-C/);
    const [url] = output.match(/http:\/\/127\.0\.0\.1:\d+/) as [string];

    expect(await open(url, "").closed).toMatch(/^4401/);
    expect(await logIn(url, "ann", "banana")).toBe("");
    const ann = await logIn(url, "ann", "apple");
    const bob = await logIn(url, "bob", "banana");
    const sockets = [1, 2, 3, 4].map(() => open(url, ann));
    const other = open(url, bob);
    const processes = await Promise.all(sockets.map(async ({ heard }) => (await heard).process));
    expect(new Set(processes)).toEqual(new Set(["first", "second"]));
    await other.heard;

    const { status } = await fetch(`${url}/logout`, { method: "POST", headers: { cookie: ann } });
    expect(status).toBe(204);
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual(Array(4).fill("4401 revoked"));
    expect(await open(url, ann).closed).toMatch(/^4401/);
    expect((await open(url, bob).heard).type).toBe("pong");

    const ended = once(child, "exit");
    process.kill(-(child.pid as number), "SIGINT");
    await ended;
    expect(await Promise.race([other.closed, "open"])).toMatch(/^1001/);
  });
});
