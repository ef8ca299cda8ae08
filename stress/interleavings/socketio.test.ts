import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { guard, serve } from "@portcullis/adapter-socketio";
import fc from "fast-check";
import { Server, type Socket } from "socket.io";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { assertOrders } from "./assert-orders.js";
import { Counters, runs } from "./counters.js";
import type { Play, Theatre } from "./network.js";
import { DrawnOrder } from "./order.js";
import { loops, perform, reached, takeSockets } from "./performance.js";
import { paces, socketSetups } from "./plans.js";

let giveBack = () => {};
beforeAll(() => {
  giveBack = takeSockets();
});
afterAll(() => giveBack());

/** Longer than all that passes, in milliseconds: no heartbeat comes between. */
const NEVER = 1e9;
const OPTIONS = { pingInterval: NEVER, pingTimeout: NEVER, connectTimeout: NEVER, serveClient: false } as const;

/** The packet of a client that leaves its namespace: it says no more. */
const LEAVING = "41";

/** The application's handling of an admitted client. */
function play(part: Play, socket: Socket): void {
  socket.on("disconnect", () => part.told());
  if (part.isServed) return;
  for (const action of ["plain", "beside", "loaded"]) {
    socket.on(action, ({ about }: { about: number }, acknowledge: (answer: unknown) => void) => {
      part.delivered(about);
      acknowledge(about);
    });
  }
}

/** A client that speaks packets, so that nothing is sent that was not said. */
class Client {
  readonly #socket: WebSocket;
  readonly #acknowledged = new Set<string | undefined>();
  #hasLeft = false;

  constructor(
    port: number,
    private readonly part: Play,
  ) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    this.#socket.on("error", () => {});
    this.#socket.on("message", (data) => this.#take(String(data)));
  }

  get isClosed(): boolean {
    return this.#socket.readyState === WebSocket.CLOSED;
  }

  say(packet: string): void {
    if (this.#socket.readyState === WebSocket.OPEN && !this.#hasLeft) this.#socket.send(packet);
    if (packet === LEAVING) this.#hasLeft = true;
  }

  leave(): void {
    this.#socket.terminate();
  }

  #take(packet: string): void {
    const { part } = this;
    if (packet.startsWith("0")) this.say("40");
    else if (packet.startsWith("40")) part.entered();
    else if (packet.startsWith("43")) {
      const [, index, body] = /^43(\d+)\[(.*)\]$/.exec(packet) as RegExpExecArray;
      if (this.#acknowledged.has(index)) part.fail(`message ${index} was acknowledged twice`);
      this.#acknowledged.add(index);
      const { error } = Object(JSON.parse(body as string));
      part.receives(Number(index), error ? error.code : "allowed");
    } else if (packet.startsWith("42")) part.receives(JSON.parse(packet.slice(2))[1], "allowed");
  }
}

async function theatre(part: Play): Promise<Theatre> {
  const http = createServer();
  const io = new Server(http, OPTIONS);
  const { options } = part;
  const guarded = part.isServed ? serve(io, part.rules as never, options) : guard(io, part.rules as never, options);
  let served: Socket | undefined;
  io.on("connection", (socket) => {
    served = socket;
    part.opened(guarded.sessionOf(socket) as never);
    play(part, socket);
  });
  http.listen(0, "127.0.0.1");
  await new Promise((resolve) => http.once("listening", resolve));
  const { port } = http.address() as AddressInfo;
  let client: Client | undefined;
  let count = 1;
  const isQuiet = () => {
    http.getConnections((_error, connections) => {
      count = connections;
    });
    return count === 0 && client?.isClosed === true && io.sockets.sockets.size === 0;
  };
  return {
    guard: guarded as never,
    connect: () => {
      client = new Client(port, part);
    },
    send: (action, index) => client?.say(`42${index}${JSON.stringify([action, { about: index }])}`),
    leave: () => client?.leave(),
    close: () => client?.say(LEAVING),
    cut: () => served?.disconnect(true),
    isQuiet,
    stop: async () => {
      await io.close();
    },
  };
}

test("one connection of socket.io, whatever happens in whatever order", { timeout: 0 }, async () => {
  const counters = new Counters();
  const playing = fc.asyncProperty(socketSetups, fc.scheduler(), paces, async (setup, scheduler, drawn) => {
    const order = new DrawnOrder(scheduler, drawn, loops);
    const broken = await perform(setup, order, theatre);
    counters.count(order.taken);
    expect([broken, order.taken]).toEqual([[], order.taken]);
  });
  const numRuns = runs(300, 0.1);
  await assertOrders(playing, numRuns);
  expect(reached.messages).toBeGreaterThan(numRuns / 4);
  expect(reached.answers).toBeGreaterThan(numRuns / 4);
  counters.report("drawn orders over socket.io: one connection, up to four messages and three events");
});
