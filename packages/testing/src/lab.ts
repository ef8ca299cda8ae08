import type { DecisionEvent, Payload } from "@portcullis/core";
import { TestClient } from "./client.js";
import type {
  ClientHandshake,
  Delivered,
  Harness,
  HarnessSession,
  RefusedHandshake,
  RunningServer,
  ServerSetup,
} from "./harness.js";

/** Options of a check's server, beside the policy. */
export interface LabOptions extends Partial<ServerSetup["options"]> {
  /** Collects the events of `onDecision`. */
  isListening?: boolean;
  /** Returns the application's answer to a message. Default `"handled"`. */
  answer?: (message: Delivered) => unknown;
  /** Bytes of the largest message that the transport accepts. */
  largestMessage?: number;
}

/** Starts the servers of one check, and stops them at its end. */
export class Lab {
  readonly #servers: TestServer[] = [];

  constructor(readonly harness: Harness) {}

  /** Starts a server guarded with a policy. */
  guard(policy: unknown, options: LabOptions = {}): Promise<TestServer> {
    return this.#start({ policy }, options);
  }

  /** Starts a server that serves a consumer. */
  serve(consumer: unknown, options: LabOptions = {}): Promise<TestServer> {
    return this.#start({ consumer }, options);
  }

  /** Stops everything. */
  async end(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  async #start(served: Pick<ServerSetup, "policy" | "consumer">, options: LabOptions): Promise<TestServer> {
    const { isListening, answer, largestMessage, ...rest } = options;
    const server = new TestServer(answer);
    // Without `onDecision`, the guard would print the causes of faults.
    const onDecision = (event: DecisionEvent) => void (isListening && server.events.push(event));
    const setup = { ...served, ...(largestMessage !== undefined && { largestMessage }), ...server.application };
    await server.start(this.harness, { ...setup, options: { onDecision, ...rest } });
    this.#servers.push(server);
    return server;
  }
}

/** A running server of the suite, with the application's view of it. */
export class TestServer {
  /** Messages that reached the application, in order. */
  readonly handled: Delivered[] = [];
  readonly opened: HarnessSession[] = [];
  readonly ended: HarnessSession[] = [];
  readonly events: DecisionEvent[] = [];
  readonly application: Pick<ServerSetup, "onOpen" | "onMessage" | "onClose">;
  #running: RunningServer | undefined;
  #connected = 0;

  constructor(answer: (message: Delivered) => unknown = () => "handled") {
    this.application = {
      onOpen: (session) => void this.opened.push(session),
      onMessage: (message) => {
        this.handled.push(message);
        return answer(message);
      },
      onClose: (session) => void this.ended.push(session),
    };
  }

  async start(harness: Harness, setup: ServerSetup): Promise<void> {
    this.#running = await harness.start(setup);
  }

  get #server(): RunningServer {
    if (this.#running === undefined) throw new Error("the server is not running");
    return this.#running;
  }

  get guard(): RunningServer["guard"] {
    return this.#server.guard;
  }

  get origin(): string {
    return this.#server.origin;
  }

  /** The actions that reached the application, in order. */
  get actions(): string[] {
    return this.handled.map(({ action }) => action);
  }

  /** The session of the latest connection. */
  get session(): HarnessSession {
    const session = this.opened.at(-1);
    if (session === undefined) throw new Error("no connection was opened");
    return session;
  }

  /** Opens a connection. Throws when it is refused. */
  async connect(handshake: ClientHandshake = {}, client = new TestClient()): Promise<TestClient> {
    const raw = await this.#server.connect(handshake, client);
    if ("isRefused" in raw) throw new Error(`the handshake was refused: ${raw.status ?? raw.closeCode} ${raw.text}`);
    client.raw = raw;
    const count = ++this.#connected;
    await until(() => this.opened.length >= count, "the application sees the connection");
    return client;
  }

  /** Sends a handshake that must be refused. Throws when it is not. */
  async tryHandshake(handshake: ClientHandshake = {}): Promise<RefusedHandshake> {
    const raw = await this.#server.connect(handshake, new TestClient());
    if ("isRefused" in raw) return raw;
    raw.terminate();
    throw new Error("the handshake was not refused");
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}

/** A promise with its `resolve` and `reject`. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

const TIMEOUT = 4000;

/** Waits until a condition is true. Throws when it is not true in time. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + TIMEOUT;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await sleep(2);
  }
}

/** A payload with a text that no answer may contain. */
export function secretPayload(secret: string): Payload {
  return { note: secret, deep: { list: [secret] } };
}
