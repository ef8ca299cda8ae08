import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));

/** Sends a form, and returns the cookie that came with the answer. */
async function logIn(url: string, username: string, password: string): Promise<string> {
  const body = new URLSearchParams({ username, password });
  const { headers } = await fetch(`${url}/login`, { method: "POST", body, redirect: "manual" });
  return headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

/** Sends a note over HTTP, and returns the status and the answer. */
async function postNote(url: string, cookie: string): Promise<unknown> {
  const headers = { cookie, "content-type": "application/json" };
  const response = await fetch(`${url}/notes`, { method: "POST", headers, body: '{"text":"Hello"}' });
  return [response.status, await response.json()];
}

/** Opens a socket as a page of the application does, sends a note, and returns the answer or how it was closed. */
function sendNote(url: string, cookie: string): Promise<unknown> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, { origin: url, headers: { cookie } });
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () => socket.send(JSON.stringify({ action: "note.add", text: "Hello" })));
    socket.on("close", (code, reason) => resolve(`${code} ${reason}`));
    socket.on("message", (data) => {
      resolve(JSON.parse(String(data)).data);
      socket.close();
    });
  });
}

it("npm start says where it is, logs in, lets in, logs out, and stops at a signal", { timeout: 60_000 }, async () => {
  const child = spawn("npm", ["start"], { cwd: FOLDER, detached: true, env: { ...process.env, PORT: "0" } });
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), "SIGKILL");
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
  await expect.poll(() => output, { timeout: 30_000 }).toMatch(/Ctrl-C/);
  const [url] = output.match(/http:\/\/127\.0\.0\.1:\d+/) as [string];

  expect(await (await fetch(url)).text()).toContain("Sessions and sockets");
  expect((await fetch(`${url}/me`)).status).toBe(401);
  expect(await logIn(url, "ann", "banana")).toBe("");
  expect(await sendNote(url, "connect.sid=none")).toBe("4401 not_authenticated");

  const cookie = await logIn(url, "ann", "apple");
  expect(await (await fetch(`${url}/me`, { headers: { cookie } })).json()).toEqual({ name: "ann" });
  expect(await sendNote(url, cookie)).toEqual({ by: "ann", text: "Hello" });
  expect(await postNote(url, cookie)).toEqual([201, { by: "ann", text: "Hello" }]);
  expect((await fetch(`${url}/logout`, { method: "POST", headers: { cookie } })).status).toBe(204);
  expect(await sendNote(url, cookie)).toBe("4401 not_authenticated");
  expect(await postNote(url, cookie)).toEqual([401, expect.objectContaining({ detail: "Please log in." })]);

  process.kill(-(child.pid as number), "SIGTERM");
  await once(child, "exit");
  expect(output).not.toMatch(/Error|uncaught| {4}at /);
});
