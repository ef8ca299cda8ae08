// @ts-check
// Starts servers for tests: Redis and Postgres, each in a temporary folder on a free port of this machine.
import { spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { chownSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findProgram } from "./find-programs.mjs";

/** Postgres refuses to run as root. This user has no rights, and exists everywhere. */
const NOBODY = 65_534;
/** Milliseconds until a server must be ready. */
const START = 30_000;

/** The servers that run. They end with this process, also where a test fails. */
const running = /** @type {Set<import("node:child_process").ChildProcess>} */ (new Set());
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Ports that no system gives to outgoing connections, so that a server finds its own free when it starts again. */
const PORTS = { first: 20_000, last: 32_000 };

/** A free port. A server of a test cannot choose one itself. @returns {Promise<number>} */
export async function freePort() {
  const port = randomInt(PORTS.first, PORTS.last);
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return freePort();
  }
  server.close();
  await once(server, "close");
  return port;
}

/** A server in its own process, which can be killed and started again on the same port and folder. */
class TestServer {
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #child;
  #start;
  #ready;

  /**
   * @param {{ port: number, url: string, folder: string }} place
   * @param {() => import("node:child_process").ChildProcess} start
   * @param {string} ready what the server prints once it accepts connections
   */
  constructor({ port, url, folder }, start, ready) {
    this.port = port;
    this.url = url;
    this.folder = folder;
    this.#start = start;
    this.#ready = ready;
  }

  /** Resolves once the server accepts connections. */
  async start() {
    const child = this.#start();
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    let printed = "";
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server is not ready:\n${printed}`)), START);
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`the server has ended:\n${printed}`)));
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on("data", (chunk) => {
          printed = (printed + chunk).slice(-4_000);
          if (!printed.includes(this.#ready)) return;
          clearTimeout(timer);
          resolve(undefined);
        });
      }
    });
    return this;
  }

  /** Ends the server as a crash does, or sends another signal. Resolves once it has ended. @param {NodeJS.Signals} signal */
  async kill(signal = "SIGKILL") {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const isEnd = signal !== "SIGSTOP" && signal !== "SIGCONT";
    const ended = isEnd ? once(child, "exit") : undefined;
    child.kill(signal);
    await ended;
  }

  /** Ends the server, and removes its folder. */
  async remove() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/**
 * Starts Redis. Skip the test where `findProgram("redis-server")` finds none.
 *
 * @param {{ isDurable?: boolean }} [options] `isDurable`: writes each command to its file before it answers
 */
export async function startRedis({ isDurable = false } = {}) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "portcullis-redis-"));
  const durability = isDurable ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"];
  const network = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder];
  const program = findProgram("redis-server") ?? "redis-server";
  const start = () => spawn(program, [...network, ...durability], { stdio: ["ignore", "pipe", "pipe"] });
  return new TestServer({ port, url: `redis://127.0.0.1:${port}`, folder }, start, "Ready to accept").start();
}

/** Starts Postgres with an empty database. Skip the test where `findProgram("Postgres")` finds none. */
export async function startPostgres() {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "portcullis-postgres-"));
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const program = realpathSync(findProgram("Postgres") ?? "postgres");
  const data = join(folder, "data");
  const options = ["-D", data, "-U", "portcullis", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  const made = spawnSync(join(dirname(program), "initdb"), options, { ...user, cwd: folder, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`initdb has failed: ${made.error ?? made.stderr}`);
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    fsync: "off",
    shared_buffers: "16MB",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const start = () =>
    spawn(program, ["-D", data, ...flags], { ...user, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const url = `postgres://portcullis@127.0.0.1:${port}/postgres`;
  return new TestServer({ port, url, folder }, start, "ready to accept connections").start();
}
