import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const LONG = { timeout: 120_000 };

const started: ChildProcess[] = [];
afterEach(() => {
  for (const { pid, exitCode, signalCode } of started.splice(0)) {
    if (pid && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
  }
});

/** Runs the command of the README in a process group of its own, like a terminal. */
function npmStart(port: number, ...options: string[]) {
  const child = spawn("npm", ["start", ...options], {
    cwd: ROOT,
    detached: true,
    env: { ...process.env, PORT: String(port) },
  });
  started.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
  const exited = once(child, "exit");
  const printed = (pattern: RegExp) => expect.poll(() => output, { timeout: 100_000, interval: 50 }).toMatch(pattern);
  return { child, exited, printed, output: () => output };
}

it("npm start builds, prints its address and three things to try, and Ctrl-C stops it", LONG, async () => {
  const { child, exited, printed, output } = npmStart(0);
  await printed(/Ctrl-C/);
  const [url] = output().match(/http:\/\/127\.0\.0\.1:\d+/) ?? [""];
  expect(output()).toMatch(/^Builds .*about \d+ seconds/m);
  expect(output()).toMatch(/1\. .+\n +2\. .+\n +3\. /);
  expect((await fetch(url)).status).toBe(200);

  const second = npmStart(Number(new URL(url).port));
  await second.printed(/is in use.*PORT=\d+ npm start/);
  expect((await second.exited)[0]).toBe(1);
  expect(second.output()).not.toContain("at Server");

  process.kill(-(child.pid as number), "SIGINT");
  await exited;
  await expect(fetch(url)).rejects.toThrow();
  expect(output()).not.toMatch(/Error|uncaught/);
});

it("npm start -- --demo says that the page plays by itself", LONG, async () => {
  const { printed, output } = npmStart(0, "--", "--demo");
  await printed(/plays a demonstration of two minutes by itself[\s\S]*Ctrl-C/);
  const [url] = output().match(/http:\/\/127\.0\.0\.1:\d+/) ?? [""];
  expect(await (await fetch(`${url}/state`)).json()).toMatchObject({ isDemo: true });
});
