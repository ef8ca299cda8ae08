// @ts-check
// nginx and haproxy in front of several servers, as docs/operations.md sets them up, on a port of 127.0.0.1.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { until } from "./checks.mjs";

/** @typedef {"nginx" | "haproxy"} Proxy */
/** @typedef {{ ports: readonly number[], idle: number }} Behind Ports of the servers; seconds without traffic. */

/** @type {Record<Proxy, (port: number, behind: Behind) => string>} */
const CONFIGURATIONS = {
  nginx: (port, { ports, idle }) => `
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events { worker_connections 2000; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream servers {
    ip_hash;
    ${ports.map((one) => `server 127.0.0.1:${one} max_fails=1 fail_timeout=1s;`).join("\n    ")}
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout ${idle}s;
    }
  }
}
`,
  haproxy: (port, { ports, idle }) => `
global
  maxconn 2000
defaults
  mode http
  timeout connect 2s
  timeout check 5s
  timeout client 30s
  timeout server ${idle}s
  timeout tunnel ${idle}s
  option redispatch
frontend all
  bind 127.0.0.1:${port}
  default_backend servers
backend servers
  balance roundrobin
  cookie server insert indirect nocache
  ${ports.map((one, index) => `server s${index} 127.0.0.1:${one} cookie s${index} check inter 200 fall 1 rise 1`).join("\n  ")}
`,
};

/** @type {Set<import("node:child_process").ChildProcess>} */
const children = new Set();
// None is left behind where this process fails.
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
/** @type {Set<() => Promise<void>>} */
const running = new Set();

/**
 * Starts one, and waits until it listens.
 *
 * @param {Proxy} name @param {Behind} behind
 */
export async function startProxy(name, behind) {
  const program = findProgram(name);
  if (program === undefined) throw new Error(`no ${name} found: node scripts/find-programs.mjs tells how to get it`);
  const folder = mkdtempSync(join(tmpdir(), `portcullis-${name}-`));
  const port = await freePort();
  const file = join(folder, "configuration");
  writeFileSync(file, CONFIGURATIONS[name](port, behind));
  const args = name === "nginx" ? ["-p", folder, "-c", file, "-e", "stderr"] : ["-db", "-f", file];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, "exit");
  const stop = async () => {
    running.delete(stop);
    children.delete(child);
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  running.add(stop);
  children.add(child);
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`${name} has ended: ${stderr}`);
    return listens(port);
  }, `${name} listens`);
  return { port, stop };
}

/** Ends whatever is still there. */
export async function stopProxies() {
  await Promise.all([...running].map((stop) => stop()));
}

/** @param {number} port @returns {Promise<boolean>} */
function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

/** A port that was free a moment ago: a proxy cannot choose one itself. @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  await once(server, "close");
  return port;
}
