import { EventEmitter } from "node:events";
import { AllowAny, definePolicy, type Limits } from "@portcullis/core";
import { Gate } from "@portcullis/core/adapter";
import { EngineConnection } from "../src/engine/engine-connection.js";
import type { BareClient, BareConnection } from "../src/socketio-internals.js";

/** A connection of engine.io without a transport, for the parts that count and close. */
export class StubConnection extends EventEmitter {
  readonly request = null;
  protocol = 4;
  readyState = "open";
  writeBuffer: unknown[] = [];
  readonly transport: EventEmitter & { socket?: unknown } = Object.assign(new EventEmitter(), { name: "polling" });
  /** The arguments of `close`, in order. */
  readonly closes: (true | undefined)[] = [];
  flushes = 0;

  flush(): void {
    this.flushes += 1;
  }

  close(discard?: true): void {
    this.closes.push(discard);
    this.readyState = discard ? "closed" : "closing";
    if (discard) this.emit("close");
  }

  get bare(): BareConnection {
    return this as unknown as BareConnection;
  }
}

/** A client of a stub, and the packets that it was sent. */
export function clientOf(connection: StubConnection) {
  const packets: object[] = [];
  const asked: unknown[][] = [];
  const client = {
    conn: connection.bare,
    nsps: new Map<string, unknown>(),
    _packet: (packet: object) => void packets.push(packet),
    connect: (...question: unknown[]) => void asked.push(question),
  };
  return { client: client as BareClient, packets, asked };
}

/** The part of the guard for one stub. */
export function engineOf(connection: StubConnection, limits: Limits = {}): EngineConnection {
  return new EngineConnection(connection.bare, limitsOf(limits), false);
}

const policy = definePolicy({ permissions: AllowAny });

/** The limits of a guard with these options. */
export const limitsOf = (limits: Limits = {}): Required<Limits> => new Gate("guard()", policy, { limits }).limits;
