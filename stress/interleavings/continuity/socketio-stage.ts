import { createServer } from "node:http";
import { guard, serve } from "@portcullis/adapter-socketio";
import { Server, type Socket } from "socket.io";
import { frames, MemoryClient } from "./memory-client.js";
import type { Sent } from "./sent.js";
import type { Stage, Staging } from "./stage.js";
import type { World } from "./world.js";

/** The adapter of socket.io, and socket.io itself, on a wire in memory. */
export const socketio: Staging = { make: socketioStage, pass: frames };

/** Longer than all that passes, in milliseconds: no heartbeat comes between. */
const NEVER = 1e9;
const OPTIONS = { pingInterval: NEVER, pingTimeout: NEVER, connectTimeout: NEVER, serveClient: false } as const;

const PATH = "/socket.io/?EIO=4&transport=websocket";

/** Packets of socket.io, without the number that marks them as messages of engine.io. */
const ACKNOWLEDGEMENT = /^3(\d+)\[(.*)\]$/s;
const DISCONNECT = "1";

/** Reads the packets of a server when they are made, and again when they have come to the client. */
class Packets {
  readonly #world: World;
  readonly #received = new Map<Sent, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** socket.io has made a packet. It is sent some turns later. */
  made(packet: string): void {
    const world = this.#world;
    const acknowledged = this.#acknowledged(packet);
    if (acknowledged?.error) world.refused(acknowledged.sent, acknowledged.error.code);
    else if (acknowledged) world.replied(acknowledged.sent);
    if (packet === DISCONNECT) this.closed();
  }

  /** The namespace or the connection is closed by the server. */
  closed(): void {
    if (this.#world.closes === 0) this.#world.closed();
  }

  received(packet: string): void {
    const { sent } = this.#acknowledged(packet) ?? {};
    if (sent) this.#received.set(sent, (this.#received.get(sent) ?? 0) + 1);
  }

  /** The client has got every answer once. */
  expectAll(): void {
    for (const sent of this.#world.sent) {
      const received = this.#received.get(sent) ?? 0;
      const made = sent.refused + sent.replies;
      if (received !== made)
        this.#world.fail(`\`${sent.action}\` was answered ${made} times, and received ${received}`);
    }
  }

  #acknowledged(packet: string): { sent: Sent; error?: { code: string } } | undefined {
    const [, about, body] = ACKNOWLEDGEMENT.exec(packet) ?? [];
    if (about === undefined || body === undefined) return undefined;
    return { sent: this.#world.sentOf({ about: Number(about) }), error: Object(JSON.parse(body || "null")).error };
  }
}

function socketioStage(world: World): Stage {
  const http = createServer();
  const io = new Server(http, OPTIONS);
  const options = world.options as never;
  const guarded = world.isServed ? serve(io, world.rules as never, options) : guard(io, world.rules as never, options);
  const packets = new Packets(world);
  let client: MemoryClient | undefined;
  io.engine.on("connection", (engine) => {
    engine.on("packetCreate", ({ type, data }: { type: string; data?: unknown }) => {
      if (type === "message") packets.made(String(data));
    });
  });
  io.on("connection", (socket) => {
    if (!world.isServed) listen(world, socket);
    world.opened(guarded.sessionOf(socket) as never);
  });
  const answerClose = () => world.order.add("the client answers the close", () => client?.answerClose());
  const heard = {
    text(packet: string) {
      if (packet.startsWith("0")) world.order.add("the client enters", () => client?.say("40"));
      else if (packet === `4${DISCONNECT}`) answerClose();
      else packets.received(packet.slice(1));
    },
    closed() {
      packets.closed();
      answerClose();
    },
  };
  return {
    guard: guarded,
    connect() {
      client = new MemoryClient(http, PATH, heard);
      client.knock();
    },
    send: ({ action, payload }) => client?.say(`42${payload.about}${JSON.stringify([action, payload])}`),
    leave: () => client?.leave(),
    settled: () => packets.expectAll(),
    stop() {
      if (io.engine.clientsCount > 0) world.fail("a connection is left");
      void io.close();
    },
  };
}

function listen(world: World, socket: Socket): void {
  for (const action of ["plain", "secret", "beside", "loaded"])
    socket.on(action, (payload: Record<string, unknown>, ...more: unknown[]) => {
      world.delivered(world.sentOf(payload));
      if (more.length !== 1) world.fail(`a listener gets ${more.length} acknowledgements`);
    });
}
