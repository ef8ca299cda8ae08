import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { environmentOf, findRuntime, RUNTIMES, startOf } from "../../../stress/runtimes/runtimes.mjs";
import { connect, runExample } from "../../test-support.js";

const OTHERS = RUNTIMES.filter(({ kind }) => kind !== "node");

test("the rules of the chat hold on Node", async () => {
  const { url } = await runExample(import.meta.url);
  await talk(url);
});

test.each(OTHERS)("the rules of the chat hold on $name", async (runtime) => {
  if (findRuntime(runtime) === undefined) {
    console.log(`skipped: ${runtime.name} is not fetched; \`npm run runtimes\` fetches it`);
    return;
  }
  const [program, ...flags] = startOf(runtime);
  const server = fileURLToPath(new URL("../server.mjs", import.meta.url));
  const env = { ...environmentOf(runtime), PORT: "0" };
  const child: ChildProcess = spawn(program, [...flags, server], { env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await once(child, "close");
  });
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const url = /^listening on (\S+)$/.exec(line)?.[1];
    if (url) return talk(url);
  }
  throw new Error(`${runtime.name} did not start`);
});

async function talk(url: string): Promise<void> {
  const [ann, bob, guest] = await Promise.all([connect(url, "ann-token"), connect(url, "bob-token"), connect(url)]);
  bob.send({ action: "say", text: "hello" });
  expect(await guest.next()).toEqual({ by: "bob", text: "hello" });
  guest.send({ action: "say", text: "me too" });
  expect(await guest.next()).toMatchObject({ action: "say", response_status: 401 });
  expect([await bob.next(), await ann.next()]).toEqual([
    { by: "bob", text: "hello" },
    { by: "bob", text: "hello" },
  ]);
  bob.send({ action: "ban", name: "ann" });
  expect(await bob.next()).toMatchObject({ action: "ban", response_status: 403 });
  ann.send({ action: "ban", name: "bob" });
  ann.send({ action: "say", text: "bye, bob" });
  expect(await bob.next()).toEqual({ by: "ann", text: "bye, bob" });
  bob.send({ action: "say", text: "still here" });
  expect(await bob.next()).toMatchObject({ action: "say", response_status: 403 });
}
