import type { Server } from "node:http";
import { memory } from "../../fuzz/lib/links.mjs";
import { CLOSE, frame, Reader, TEXT, upgrade } from "../../fuzz/lib/websocket.mjs";
import { turns } from "../order.js";

const PING = 9;
const PONG = 10;

/** Takes down what a client is told. */
export interface Heard {
  text(text: string): void;
  closed(reason: string): void;
}

/**
 * A client of WebSockets in the same process. The server reads and writes real frames, but no kernel is between: what
 * the server has written is heard before its call returns.
 */
export class MemoryClient {
  readonly #link: ReturnType<typeof memory>;
  readonly #path: string;

  constructor(server: Server, path: string, heard: Heard) {
    this.#link = memory(server);
    const reader = new Reader((opcode, payload) => {
      if (opcode === TEXT) heard.text(payload.toString());
      else if (opcode === PING) this.#link.write(frame(PONG, payload));
      else if (opcode === CLOSE) heard.closed(payload.subarray(2).toString());
    });
    this.#link.onData = (chunk) => reader.push(chunk);
    this.#path = path;
  }

  knock(): void {
    this.#link.write(upgrade(this.#path));
  }

  say(text: string): void {
    this.#link.write(frame(TEXT, Buffer.from(text)));
  }

  /** Answers the close frame of the server, and ends its side. */
  answerClose(): void {
    this.#link.write(frame(CLOSE, Buffer.from([3, 232])));
    this.#link.end();
  }

  /** Goes away without a word. */
  leave(): void {
    this.#link.destroy();
  }
}

/** Turns of promises from which on whole frames are let through as well. */
const MANY = 16;
/** Turns of the event loop in which a frame passes through the server. */
const LOOPS = 6;

/** Lets a wire in memory go on. */
export async function frames(count = MANY): Promise<void> {
  if (count < MANY) return turns(count);
  for (let turn = 0; turn < LOOPS; turn++) await new Promise((resolve) => setImmediate(resolve));
}
