// @ts-check
// Runs the programs of the recipes. A client prints what the page says, while its server prints no error; a program
// does so alone; a test passes in the test runner that its folder names.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);
/** Milliseconds until a server listens, and again until a program has ended. */
const PATIENCE = 60_000;

/** The arguments of Node that run the tests of a folder. @type {Record<string, (folder: string) => string[]>} */
const TEST_RUNNERS = {
  vitest: (folder) => ["node_modules/vitest/vitest.mjs", "run", "--dir", folder],
  jest: (folder) => [
    "--experimental-vm-modules",
    "--no-warnings",
    "node_modules/jest/bin/jest.js",
    "--config",
    JSON.stringify({ rootDir: folder, transform: {} }),
  ],
  node: (folder) => ["--test", `${folder}/`],
};

/** @param {string} file The program, in `dist`. @returns {Promise<string | undefined>} What is wrong. */
async function tryRecipe(file) {
  const folder = dirname(file);
  if (file.endsWith(".test.js")) {
    const args = TEST_RUNNERS[/[^/]*$/.exec(folder)?.[0] ?? ""]?.(join("dist", folder));
    return args ? outcomeOf(runNode(args)) : "its folder names no test runner";
  }
  return file.endsWith("client.js") ? tryServer(folder) : outcomeOf(tryProgram(file));
}

/** @param {Promise<unknown>} run @returns {Promise<string | undefined>} */
function outcomeOf(run) {
  return run.then(
    () => undefined,
    (error) => (error instanceof Error ? `${error.message}\n${Object(error).stdout ?? ""}` : String(error)),
  );
}

/** @param {string[]} args @returns {Promise<string>} What it printed. */
async function runNode(args) {
  const { stdout } = await execute(process.execPath, args, {
    timeout: PATIENCE,
    env: { ...process.env, NODE_ENV: "test" },
  });
  return stdout;
}

/** @param {string} file */
async function tryProgram(file) {
  const promised = promisedBy(readFileSync(join("src", file.replace(/js$/, "ts")), "utf8"));
  const printed = await runNode([join("dist", file)]);
  if (printed !== promised) throw new Error(`it printed\n${printed}and the page says\n${promised}`);
}

/** @param {string} folder */
async function tryServer(folder) {
  const client = readFileSync(join("src", folder, "client.ts"), "utf8");
  const [, redisPort] = /redis:\/\/[\w.]+:(\d+)/.exec(readFileSync(join("src", folder, "server.ts"), "utf8")) ?? [];
  const { REDIS_SERVER_PATH: redis, PORTCULLIS_NO_SKIPS: noSkips } = process.env;
  if (redisPort && !redis) return noSkips ? "there is no redis-server" : "skipped: there is no redis-server";
  /** @type {Running[]} */
  const processes = [];
  /** @param {string} program @param {string[]} args @param {string} port */
  const start = async (program, args, port) => {
    processes.push(new Running(program, args, port));
    await listening(port);
  };
  try {
    if (redis && redisPort) await start(redis, ["--port", redisPort, "--save", ""], redisPort);
    const ports = new Set([...client.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port = ""]) => port));
    for (const port of ports) await start(process.execPath, [join("dist", folder, "server.js")], port);
    await tryProgram(join(folder, "client.js"));
    return processes.map(({ trouble }) => trouble).find(Boolean);
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    return [told, ...processes.map(({ trouble }) => trouble)].join("\n");
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
  }
}

/** The lines that a page promises: each is a comment below a call of `console.log`. @param {string} source */
function promisedBy(source) {
  return [...source.matchAll(/^console\.log\([\s\S]*?\);\n\/\/ (.*\n)/gm)].map(([, line]) => line).join("");
}

/** @param {string} port */
async function listening(port) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(50)) {
    const socket = connect(Number(port), "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
  }
  throw new Error(`nothing listens on ${port}`);
}

/** A process beside a client. */
class Running {
  trouble = "";

  /** @param {string} program @param {string[]} args @param {string} port */
  constructor(program, args, port) {
    const env = { ...process.env, NODE_ENV: "test", NO_COLOR: "1", PORT: port };
    this.child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], env });
    this.child.stderr.on("data", (text) => {
      this.trouble += text;
    });
  }

  async stop() {
    this.child.kill();
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "exit");
  }
}

const files = readdirSync("dist", { recursive: true, encoding: "utf8" });
for (const file of files.filter((name) => /\/(?:client|program|[^/]*\.test)\.js$/.test(name)).sort()) {
  const problem = await tryRecipe(file);
  console.log(`${dirname(file)}: ${problem ?? "as the page says"}`);
  if (problem !== undefined && !problem.startsWith("skipped")) process.exitCode = 1;
}
