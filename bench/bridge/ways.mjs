// The same chain asked in three ways: through the bridge, over HTTP on 127.0.0.1, and by light-my-request.

import { Agent, createServer, request } from "node:http";
import { createRequire } from "node:module";
import { fromExpress } from "@portcullis/adapter-express-bridge";
import { definePolicy } from "@portcullis/core";
import inject from "light-my-request";

export const HTTP = "a loopback HTTP request";
export const INJECT = "light-my-request";
export const BRIDGE = "through the bridge";

const require = createRequire(import.meta.url);
const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
const payload = { room: "lobby", text: "hello" };
const body = JSON.stringify(payload);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const servers = [];

/** A copy of Express of its own: light-my-request changes the prototypes of the one it is given, for the whole process. */
function anotherExpress() {
  for (const path of Object.keys(require.cache)) if (/node_modules\/express\//.test(path)) delete require.cache[path];
  return require("express");
}

function serving(express, chain) {
  const app = express();
  app.use(express.json());
  app.use(chain);
  app.use((_request, response) => response.end());
  return app;
}

async function overHttp(chain, requests) {
  const server = createServer(serving(anotherExpress(), chain));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  const { port } = server.address();
  const headers = requests.map((own) => ({
    ...own,
    "content-type": "application/json",
    "content-length": body.length,
  }));
  const ask = (i) =>
    new Promise((resolve, reject) => {
      const options = {
        port,
        host: "127.0.0.1",
        method: "POST",
        path: "/",
        agent,
        headers: headers[i % headers.length],
      };
      const sent = request(options, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode));
      });
      sent.on("error", reject);
      sent.end(body);
    });
  return { name: HTTP, isAsync: true, read: (status) => status === 200, ask };
}

function byInject(chain, requests) {
  const app = serving(anotherExpress(), chain);
  const asked = requests.map((headers) => ({ method: "POST", url: "/", headers, payload }));
  const ask = (i) =>
    new Promise((resolve, reject) => {
      inject(app, asked[i % asked.length], (error, response) => {
        if (error) reject(error);
        else resolve(response.statusCode);
      });
    });
  return { name: INJECT, isAsync: true, read: (status) => status === 200, bases: [HTTP], ask };
}

function throughBridge(chain, requests) {
  const rule = fromExpress(chain, { app: anotherExpress()() });
  const policy = definePolicy({ actions: { create: rule } });
  const socket = { remoteAddress: "127.0.0.1", remotePort: 5000 };
  const scopes = requests.map((headers) => ({
    user: null,
    request: { url: "/", headers: { host: "127.0.0.1", connection: "Upgrade", ...headers }, socket },
  }));
  const ask = (i) => policy.decide(scopes[i % scopes.length], consumer, "create", payload);
  return { name: BRIDGE, isAsync: true, read: ({ outcome }) => outcome === "allow", bases: [HTTP, INJECT], ask };
}

/** The three ways to ask a chain, each with a chain and an application of its own. */
export async function contendersOf(chainOf, requests) {
  return [await overHttp(chainOf(), requests), byInject(chainOf(), requests), throughBridge(chainOf(), requests)];
}

/** Ends the servers. */
export async function stop() {
  agent.destroy();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
}
