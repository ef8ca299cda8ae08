import { EventEmitter } from "node:events";
import type { Session } from "@portcullis/core/adapter";
import { type BareSocket, override, type Packet } from "../socketio-internals.js";
import type { Message } from "./event.js";

/** Emits an event to the listeners of a socket. The `emit` of a socket sends it to the client. */
const { emit } = EventEmitter.prototype;

/**
 * Delivers allowed events to a socket. socket.io emits an event one tick after its delivery, and later where it has
 * middlewares (`socket.use`). An event whose right has ended meanwhile reaches no listener: it is dropped after the end
 * of the session, and decided again otherwise.
 */
export class DeliveryFence {
  readonly #socket: BareSocket;
  readonly #session: Session<Message>;
  /** The new decision about the last event, where its right had ended before it was emitted. */
  #again: Promise<void> | undefined;

  constructor(socket: BareSocket, session: Session<Message>) {
    this.#socket = socket;
    this.#session = session;
  }

  /** @param deliver Calls `run` of the socket before it returns. */
  deliver(message: Message, deliver: (packet: Packet) => void): void {
    const socket = this.#socket;
    const { packet } = message;
    const { run } = socket;
    const epoch = this.#session.noticedEpoch;
    // Without continuity, and without middlewares, nothing can come between.
    if (run === undefined || (epoch === 0 && !socket.fns?.length)) {
      deliver(packet);
      return;
    }
    const own = Object.getOwnPropertyDescriptor(socket, "run");
    override(socket, "run", (event, done) =>
      run.call(socket, event, (error) => {
        if (this.#session.isEnded) return;
        if (error) done(error);
        else process.nextTick(() => this.#emit(event as readonly [string], { message, epoch }));
      }),
    );
    try {
      // socket.io adds the acknowledgement to the data, and this event may be delivered again.
      deliver({ ...packet, data: [...(packet.data as readonly unknown[])] });
    } finally {
      if (own) Object.defineProperty(socket, "run", own);
      else Reflect.deleteProperty(socket, "run");
    }
  }

  /** Calls back once the last event has been emitted, or decided again. */
  settle(whenSettled: () => void): void {
    const again = this.#again;
    this.#again = undefined;
    if (again) again.then(whenSettled, whenSettled);
    else whenSettled();
  }

  #emit(event: readonly [string], { message, epoch }: { message: Message; epoch: number }): void {
    const socket = this.#socket;
    const session = this.#session;
    if (session.isEnded || !socket.connected) return;
    if (epoch === session.epoch) emit.apply(socket as unknown as EventEmitter, event as never);
    else this.#again = session.decideAgain({ message });
  }
}
