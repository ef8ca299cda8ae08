import type { Decision } from "@portcullis/core";
import {
  type BackpressureTarget,
  type Connection,
  type Gate,
  OutgoingBudget,
  publicRefusal,
  type ReplyOptions,
  type Session,
  Timeout,
} from "@portcullis/core/adapter";
import type { MemoryRefusal, MemoryRequest, MemorySocket } from "./memory.js";
import { decodeMessage, type MemoryMessage } from "./memory-message.js";

/** Milliseconds that a client has to answer a close. */
const CLOSE_TIMEOUT_MS = 1000;

type HandshakeAnswer = MemoryRefusal | "cut" | ((socket: MemorySocket) => void);

/** One client of a guarded server. It is a handshake first, and from `#open` on the connection of a session. */
export class MemoryConnection implements Connection<MemoryMessage, MemoryRequest>, BackpressureTarget {
  readonly transport = "memory";
  readonly connectedAt = Date.now();
  readonly remoteAddress = undefined;
  readonly secure = false;
  raw: MemorySocket | undefined;
  session: Session<MemoryMessage> | undefined;
  readonly #budget: OutgoingBudget;
  #isAborted = false;

  constructor(
    gate: Gate<MemoryRequest>,
    readonly request: MemoryRequest,
  ) {
    this.#budget = new OutgoingBudget(gate.limits.unread, this);
  }

  get path(): string {
    return this.request.path;
  }

  get url(): string {
    return `${this.path}?${new URLSearchParams(this.request.query)}`;
  }

  get headers(): MemoryRequest["headers"] {
    return this.request.headers;
  }

  /** A rule has closed the connection, or the handshake has lasted too long. */
  abort(): void {
    this.#isAborted = true;
  }

  /** Decides the handshake. Returns a refusal, `"cut"`, or a function that opens the connection. */
  async admit(gate: Gate<MemoryRequest>, signal: AbortSignal): Promise<HandshakeAnswer> {
    const evaluation = gate.admit(this);
    signal.addEventListener("abort", () => evaluation.abort(), { once: true });
    const { decision } = await evaluation.result;
    if (this.#isAborted || signal.aborted) return "cut";
    return decision.outcome === "allow" ? (socket) => this.#open(socket, evaluation.open()) : refusalOf(decision);
  }

  /** Opens the connection. Nothing was read from the socket before. */
  #open(socket: MemorySocket, session: Session<MemoryMessage>): void {
    this.raw = socket;
    this.session = session;
    socket.filter = {
      onMessage: (text, pass) => session.receive(decodeMessage(text, pass)),
      onClose: (isOrderly, pass) => {
        const end = () => {
          session.end();
          pass();
        };
        if (isOrderly) session.drain(end);
        else end();
        // Nobody reads the unread answers any more, so no message waits for that.
        this.#budget.free(Number.POSITIVE_INFINITY);
      },
    };
  }

  deliver(message: MemoryMessage): void {
    message.pass();
  }

  sendRefusal({ id, action }: MemoryMessage, decision: Decision): void {
    const error = publicRefusal(decision);
    this.#send(id === undefined ? { event: "permission_denied", action, error } : { id, error });
  }

  reply({ id, action }: MemoryMessage, data: unknown, options: ReplyOptions): void {
    this.#send({ id, status: 200, action, ...options, data });
  }

  notify(event: string, data: object): void {
    if (event !== "auth.ended") this.#send({ event, ...data });
  }

  pause(): void {
    this.raw?.pause();
  }

  resume(): void {
    if (!this.#budget.isFull) this.raw?.resume();
  }

  /** Applies backpressure to a client that does not read its answers. It is not read either, and its messages wait. */
  block(): void {
    this.raw?.pause();
    this.session?.block();
  }

  unblock(): void {
    this.raw?.resume();
    this.session?.unblock();
  }

  close(code: number, reason: string): void {
    this.raw?.close(code, reason);
    new Timeout(CLOSE_TIMEOUT_MS, () => this.raw?.terminate());
  }

  #send(answer: object): void {
    if (this.#budget.isSpent) {
      this.session?.close(1013, "answers are not read");
      return;
    }
    const text = JSON.stringify(answer);
    const counted = this.#budget.add(text.length);
    this.raw?.send(text, () => this.#budget.free(counted));
  }
}

function refusalOf(decision: Decision): MemoryRefusal {
  const { retryAfter, headers, status } = decision;
  return {
    status,
    headers: { ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }), ...headers },
    body: JSON.stringify(publicRefusal(decision)),
  };
}
