import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { toExpress } from "@portcullis/adapter-express-bridge";
import { guard as guardSockets } from "@portcullis/adapter-socketio";
import { guard } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import express from "express";
import { Server } from "socket.io";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { growthOf, LIMIT, reader } from "./growth.js";
import { READERS } from "./readers.js";

// Reading client data takes linear work. Twice the data costs at most `LIMIT` times the work.

describe("twice the input costs at most 2.8 times the work", () => {
  test.each(READERS.map((one) => [one.name, one] as const))("%s", (_name, one) => {
    expect(growthOf(one)).toBeLessThan(LIMIT);
  });

  test("a reader with quadratic copying is caught", () => {
    const planted = reader({
      name: "planted",
      from: 50,
      make: (parts) => Array.from({ length: parts }, String),
      read: (parts) => parts.reduce<string[]>((before, part) => [before, part].flat(), []),
    });
    expect(growthOf(planted)).toBeGreaterThan(LIMIT);
  });
});

/** As many names as a request line of 16 KB holds. */
const NAMES = 8000;
const QUERY = `?${"a&".repeat(NAMES)}`;

/** Counts the elements that arrays copy, by whatever method, until it is told to stop. */
function countCopies(): () => number {
  const array = Array.prototype;
  const { flat, concat, slice, [Symbol.iterator]: iterate } = array;
  let copied = 0;
  const counted = (method: (...given: never[]) => unknown) =>
    function counting(this: unknown[], ...given: unknown[]): unknown {
      const made: unknown = Reflect.apply(method, this, given);
      copied += Array.isArray(made) ? made.length : this.length;
      return made;
    };
  Object.assign(array, { flat: counted(flat), concat: counted(concat), slice: counted(slice) });
  Object.defineProperty(array, Symbol.iterator, {
    value: counted(iterate),
    configurable: true,
    writable: true,
  });
  return () => {
    Object.assign(array, { flat, concat, slice });
    Object.defineProperty(array, Symbol.iterator, { value: iterate, configurable: true, writable: true });
    return copied;
  };
}

describe("a handshake of 16 KB that repeats one name", () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  /** Values that the rule has read, and array elements that were copied meanwhile. */
  const seen: { values: number; copied: number }[] = [];
  const read = permission("read", {
    connect({ scope }) {
      const stop = countCopies();
      const { query } = scope;
      const copied = stop();
      seen.push({ values: query.a?.length ?? 0, copied });
      return true;
    },
  });
  const policy = definePolicy({ connect: read, actions: { ping: AllowAny } });

  async function listen(app?: express.Express) {
    const server = createServer({ maxHeaderSize: 65_536 }, app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ends.push(() => new Promise((resolve) => server.close(resolve)));
    return { server, at: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  function expectLinear(): void {
    const [{ values, copied } = { values: 0, copied: Number.POSITIVE_INFINITY }] = seen.splice(0);
    expect(values).toBe(NAMES);
    expect(copied).toBeLessThan(4 * NAMES);
  }

  test("ws", async () => {
    const { server, at } = await listen();
    guard(new WebSocketServer({ server }), policy);
    const client = new WebSocket(`ws://${at}/${QUERY}`);
    ends.unshift(() => client.terminate());
    await new Promise((resolve, reject) => client.once("open", resolve).once("error", reject));
    expectLinear();
  });

  async function guardedSockets(): Promise<string> {
    const { server, at } = await listen();
    const io = new Server(server);
    guardSockets(io, policy);
    ends.unshift(() => io.close());
    return `${at}/socket.io/${QUERY}EIO=4`;
  }

  test("socket.io over WebSocket", async () => {
    const client = new WebSocket(`ws://${await guardedSockets()}&transport=websocket`);
    ends.unshift(() => client.terminate());
    await new Promise((resolve, reject) => client.once("message", resolve).once("error", reject));
    client.send("40");
    await expect.poll(() => seen.length).toBe(1);
    expectLinear();
  });

  test("socket.io over polling", async () => {
    const at = await guardedSockets();
    const opened = await (await fetch(`http://${at}&transport=polling`)).text();
    const { sid } = JSON.parse(opened.slice(1));
    const session = `http://${at.split("?", 1)[0]}?EIO=4&transport=polling&sid=${sid}`;
    await fetch(session, { method: "POST", body: "40" });
    await expect.poll(() => seen.length).toBe(1);
    expectLinear();
  });

  test("toExpress", async () => {
    const app = express();
    app.get("/", toExpress(policy, "ping"), (_request, response) => void response.end("read"));
    const { at } = await listen(app);
    const status = await new Promise((resolve, reject) => {
      const asked = request(`http://${at}/${QUERY}`, { agent: false }, (response) => {
        response.resume();
        response.once("end", () => resolve(response.statusCode));
      });
      asked.once("error", reject).end();
    });
    expect(status).toBe(200);
    expectLinear();
  });
});
