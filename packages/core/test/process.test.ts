import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ModuleKind, ScriptTarget, transpileModule } from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const source = new URL("../src/", import.meta.url);
const options = { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 };
let folder = "";

/** Builds the sources, because a process loads no TypeScript and the tests need no build. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portcullis-"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  const names = await readdir(source, { recursive: true });
  for (const name of names.filter((each) => each.endsWith(".ts") && !each.includes(".test"))) {
    const { outputText } = transpileModule(await readFile(new URL(name, source), "utf8"), { compilerOptions: options });
    const target = join(folder, name.replace(/\.ts$/, ".js"));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, outputText);
  }
});

afterAll(() => rm(folder, { recursive: true }));

/** The output of a process that asks one question. It is killed when it does not end by itself. */
async function asked(milliseconds: number, rule: string): Promise<string> {
  const program = `
    import { definePolicy, permission } from "./index.js";
    const ping = permission("ping", ${rule});
    const policy = definePolicy({ actions: { ping }, timeout: { action: ${milliseconds} } });
    const consumer = { id: "1", transport: "test", raw: undefined, close() {} };
    const { code } = await policy.decide({ user: null }, consumer, "ping", {});
    console.log(code);
  `;
  const path = join(folder, `ask-${milliseconds}.js`);
  await writeFile(path, program);
  const { stdout } = await promisify(execFile)(process.execPath, [path], { timeout: 15_000 });
  return stdout.trim();
}

/** Runs a program of one file. Rejects when the process ends with an error. */
async function run(name: string, program: string): Promise<string> {
  const path = join(folder, `${name}.js`);
  await writeFile(path, program);
  const { stdout } = await promisify(execFile)(process.execPath, [path], { timeout: 15_000 });
  return stdout.trim();
}

describe("a process", () => {
  test("survives an unawaited authorize, sync or async", async () => {
    const program = `
      import { AllowAny, DenyAll, definePolicy, or, permission } from "./index.js";
      import { Gate } from "./adapter.js";
      import { defineConsumer } from "./consumer.js";
      const later = permission("later", { action: async () => false, object: async () => false });
      const consumer = defineConsumer()
        .action("no", DenyAll, () => 1)
        .action("later", later, () => 1)
        .action("do", or(later, AllowAny), ({ authorize, session }) => {
          for (const ask of [authorize, session.authorize.bind(session)]) {
            for (const action of ["no", "later", "nowhere", "do"]) {
              ask(action);
              ask(action, {}, { object: {} });
            }
          }
          authorize("no", {}, { object: null });
          return 1;
        });
      const wire = { transport: "test", url: "/", path: "/", headers: {}, abort() {}, pause() {}, resume() {},
        deliver() {}, close() {}, sendRefusal: (message, { code }) => console.log(code), reply: (message, data) => console.log(data) };
      const session = new Gate("serve()", consumer, {}, consumer).admit(wire).open();
      session.receive({ action: "do", payload: {}, bytes: 1 });
      setTimeout(() => console.log("alive"), 50);
    `;
    expect(await run("forgotten", program)).toMatch(/alive$/);
  });

  test("ends once its question is answered, whatever the deadline", async () => {
    expect(await asked(2_147_483_647, "() => Promise.resolve(true)")).toBe("allowed");
  });

  test("stays until the deadline of a question that is awaited", async () => {
    expect(await asked(100, "() => new Promise(() => {})")).toBe("permission_timeout");
  });
});
