// @ts-check
// Runs what is built in workerd, in workers that answer on a loopback port: the core, unbundled, and a guarded server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { fetchRuntime, WORKERD } from "./runtimes.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = fileURLToPath(new URL("../../packages/core/dist/", import.meta.url));
const casesOf = (/** @type {string} */ name) =>
  JSON.parse(readFileSync(new URL(`../../packages/testing/cases/${name}.json`, import.meta.url), "utf8")).cases;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Writes the worker that checks the core. @param {string} folder @param {number} port */
function writeWorker(folder, port) {
  mkdirSync(join(folder, "core"));
  for (const file of ["worker.mjs", "core.mjs"]) copyFileSync(join(here, file), join(folder, file));
  const modules = readdirSync(dist).filter((file) => file.endsWith(".js"));
  for (const file of modules) copyFileSync(join(dist, file), join(folder, "core", file));
  writeConfiguration(folder, port, ["worker.mjs", "core.mjs", ...modules.map((file) => `core/${file}`)]);
}

/** @param {string} folder @param {number} port @param {readonly string[]} files the worker first */
function writeConfiguration(folder, port, files) {
  const embedded = files.map((file) => `(name = "${file}", esModule = embed "${file}")`).join(", ");
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [${embedded}], compatibilityDate = "2026-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;
  writeFileSync(join(folder, "config.capnp"), config);
}

/** Starts a guarded server of crossws in workerd. @returns {Promise<{ url: string, stop: () => Promise<void> }>} */
export async function startGuardedWorker() {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-workerd-"));
  const port = await freePort();
  await build({
    entryPoints: [join(here, "guarded-worker.mjs")],
    outfile: join(folder, "worker.mjs"),
    bundle: true,
    format: "esm",
    conditions: ["workerd"],
    external: ["cloudflare:workers"],
    // What is published, and not the sources that the root names.
    tsconfigRaw: {},
  });
  writeConfiguration(folder, port, ["worker.mjs"]);
  const child = spawn(fetchRuntime(WORKERD), ["serve", join(folder, "config.capnp")], { stdio: "inherit" });
  const ended = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  await askWhenReady(`${url}/`, "", () => child.exitCode !== null);
  return { url, stop };
}

/** @param {string} url @param {string} body @param {() => boolean} hasEnded */
async function askWhenReady(url, body, hasEnded) {
  for (let attempt = 0; attempt < 300 && !hasEnded(); attempt++) {
    try {
      const response = await fetch(url, { method: "POST", body });
      const text = await response.text();
      if (!response.ok) throw new Error(`workerd answered ${response.status}: ${text}`);
      return JSON.parse(text);
    } catch (error) {
      // Until it listens.
      if (!(error instanceof TypeError)) throw error;
      await sleep(100);
    }
  }
  throw new Error("workerd did not answer");
}

/** @returns {Promise<{ rows: number, checks: number, wrong: string[], entries: number[] }>} */
export async function checkInWorkerd() {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-workerd-"));
  const port = await freePort();
  writeWorker(folder, port);
  const child = spawn(fetchRuntime(WORKERD), ["serve", join(folder, "config.capnp")], { stdio: "inherit" });
  const ended = once(child, "exit");
  try {
    const cases = JSON.stringify({ combinators: casesOf("combinators"), edge: casesOf("edge") });
    return await askWhenReady(`http://127.0.0.1:${port}/`, cases, () => child.exitCode !== null);
  } finally {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}
