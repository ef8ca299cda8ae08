// @ts-check
// Runs the server of each recipe and its client, which prints what the page says. A server that prints an error fails.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);
/** Milliseconds until a server listens, and again until its client has ended. */
const PATIENCE = 30_000;

/** @param {string} name The folder of a recipe. @returns {Promise<string | undefined>} What is wrong. */
async function tryRecipe(name) {
  const source = readFileSync(join("src", name, "client.ts"), "utf8");
  const server = readFileSync(join("src", name, "server.ts"), "utf8");
  const [, redisPort] = /redis:\/\/[\w.]+:(\d+)/.exec(server) ?? [];
  const { REDIS_SERVER_PATH: redis, PORTCULLIS_NO_SKIPS: noSkips } = process.env;
  if (redisPort && !redis) return noSkips ? "there is no redis-server" : "skipped: there is no redis-server";
  const processes = redis && redisPort ? [new Running(redis, ["--port", redisPort, "--save", ""], {})] : [];
  try {
    if (redisPort) await listening(redisPort);
    const ports = new Set([...source.matchAll(/(?:127\.0\.0\.1|localhost):(\d+)/g)].map(([, port = ""]) => port));
    for (const PORT of ports) {
      processes.push(new Running(process.execPath, [join("dist", name, "server.js")], { PORT }));
      await listening(PORT);
    }
    const { stdout } = await execute(process.execPath, [join("dist", name, "client.js")], { timeout: PATIENCE });
    const promised = promisedBy(source);
    if (stdout !== promised) return `the client printed\n${stdout}and the page says\n${promised}`;
    return processes.map(({ trouble }) => trouble).find(Boolean);
  } catch (error) {
    return `${error instanceof Error ? error.message : error}\n${processes.map(({ trouble }) => trouble).join("")}`;
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
  }
}

/** The lines that the page promises: each is a comment below a call of `console.log`. @param {string} source */
function promisedBy(source) {
  return [...source.matchAll(/^console\.log\([\s\S]*?\);\n\/\/ (.*\n)/gm)].map(([, line]) => line).join("");
}

/** @param {string} port */
async function listening(port) {
  for (const until = Date.now() + PATIENCE; Date.now() < until; await sleep(50)) {
    const socket = connect(Number(port), "127.0.0.1");
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "close").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
  }
  throw new Error(`nothing listens on ${port}`);
}

/** A process beside the client. */
class Running {
  trouble = "";

  /** @param {string} program @param {string[]} args @param {NodeJS.ProcessEnv} variables */
  constructor(program, args, variables) {
    const env = { ...process.env, NODE_ENV: "test", NO_COLOR: "1", ...variables };
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

const clients = readdirSync("dist", { recursive: true, encoding: "utf8" }).filter((file) => /\bclient\.js$/.test(file));
for (const client of clients.sort()) {
  const name = dirname(client);
  const problem = await tryRecipe(name);
  console.log(`${name}: ${problem ?? "as the page says"}`);
  if (problem !== undefined && !problem.startsWith("skipped")) process.exitCode = 1;
}
