import {
  AllowAny,
  type Consumer,
  type Decision,
  type DecisionEvent,
  type Payload,
  type Policy,
  type Scope,
} from "@portcullis/core";
import {
  type ClientMessage,
  type Connection,
  Gate,
  type GuardOptions,
  type ReplyOptions,
  type ServableConsumer,
  type Session,
} from "@portcullis/core/adapter";
import { defineConsumer } from "@portcullis/core/consumer";

export const CONSUMER: Consumer = { id: "c1", transport: "test", raw: undefined, close() {} };

/** A scope as an adapter makes it. */
export function scopeOf(extra: Partial<Scope> = {}): Scope {
  return {
    transport: "test",
    path: "/",
    query: {},
    headers: {},
    cookies: {},
    origin: undefined,
    remoteAddress: "127.0.0.1",
    secure: false,
    subprotocols: [],
    connectedAt: 0,
    user: null,
    request: undefined,
    ...extra,
  };
}

/** The facts of an invented handshake. */
export class TestHandshake {
  readonly transport = "test";
  readonly path = "/";
  readonly url = "/";
  readonly headers = {};
  readonly remoteAddress = "127.0.0.1";
  readonly secure = false;
  readonly connectedAt = 0;
  readonly request = undefined;
  readonly client: string = "the request";
  readonly raw: unknown = undefined;
  isAborted = false;
  message?: Payload;

  /** @param known The scope of the handshake. */
  constructor(readonly known: Partial<Scope> = {}) {}

  createScope(extra: object): Scope {
    return scopeOf({ ...this.known, ...extra });
  }

  abort(): void {
    this.isAborted = true;
  }
}

/** A transport that only records its calls, one line each. */
export class Wire extends TestHandshake implements Connection<ClientMessage, string> {
  readonly log: string[] = [];
  readonly refused: Decision[] = [];
  /** The application's listener for delivered messages. */
  onDeliver: (message: ClientMessage) => void = () => {};

  deliver(message: ClientMessage): void {
    this.log.push(`deliver ${message.action}`);
    this.onDeliver(message);
  }

  sendRefusal(message: ClientMessage, decision: Decision): void {
    this.log.push(`refuse ${message.action} ${decision.code} ${decision.status}`);
    this.refused.push(decision);
  }

  reply(message: ClientMessage, data: unknown, options: ReplyOptions): void {
    const { "~isRenewal": _, ...given } = options;
    const extra = Object.keys(given).length > 0 ? ` ${JSON.stringify(given)}` : "";
    this.log.push(`reply ${message.action} ${JSON.stringify(data)}${extra}`);
  }

  /** The transport's reaction to throttling. */
  throttle: Required<Connection>["throttle"] = () => {};

  pause(): void {
    this.log.push("pause");
  }

  resume(): void {
    this.log.push("resume");
  }

  close(code: number, reason: string): void {
    this.log.push(`close ${code} ${reason}`);
  }

  /** The messages to the client: the log without flow control. */
  get sent(): string[] {
    return this.log.filter((line) => line !== "pause" && line !== "resume");
  }
}

/** One open connection behind a gate. */
export interface TestConnection<W extends Wire = Wire> {
  readonly gate: Gate<string>;
  readonly session: Session;
  readonly wire: W;
  readonly events: DecisionEvent[];
  send(action: string, payload?: Payload, more?: Partial<ClientMessage>): void;
}

export type Options = GuardOptions<string, unknown> & { readonly scope?: Partial<Scope> };

const ADMITS_ALL = defineConsumer().connect(AllowAny);

/**
 * Opens a connection to a server that is guarded by a policy or serves a consumer. Its handshake is always admitted.
 */
export function connect(rules: Policy | ServableConsumer, options: Options = {}): TestConnection {
  return connectOver(new Wire(options.scope), rules, options);
}

/** Opens a connection over a transport of the test. */
export function connectOver<W extends Wire>(
  wire: W,
  rules: Policy | ServableConsumer,
  { scope, ...options }: Options = {},
): TestConnection<W> {
  const events: DecisionEvent[] = [];
  const served = "dispatch" in rules ? rules : undefined;
  const { authenticate, onDecision = (event) => void events.push(event) } = options;
  let isOpen = false;
  const gate = new Gate<string>(
    "serve()",
    served ? ADMITS_ALL : ADMITS_ALL.policy,
    {
      ...options,
      ...(authenticate && { authenticate: (...input) => (isOpen ? authenticate(...input) : undefined) }),
      onDecision:
        "onDecision" in options && options.onDecision === undefined
          ? (undefined as never)
          : (event) => (isOpen ? onDecision(event) : undefined),
    },
    served && (ADMITS_ALL as ServableConsumer),
  );
  const session = gate.admit(wire).open();
  session.scope = scopeOf(scope);
  gate.replace(rules);
  isOpen = true;
  return {
    gate,
    session,
    wire,
    events,
    send: (action, payload = {}, more = {}) => session.receive({ action, payload, bytes: 10, ...more }),
  };
}

/** A promise with the functions that settle it. */
export function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Runs all pending promise callbacks. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Sleeps in steps, so that on a busy machine it does not overtake a timer that is due before. */
export async function sleep(milliseconds: number): Promise<void> {
  for (let step = 0; step <= milliseconds; step++) await new Promise((resolve) => setTimeout(resolve, 1));
}

const THEN = "then";

/** The same object as a thenable, or as an object that looks like one. */
export function withThen<T extends object>(value: T, descriptor: PropertyDescriptor): T {
  return Object.defineProperty(value, THEN, descriptor);
}
