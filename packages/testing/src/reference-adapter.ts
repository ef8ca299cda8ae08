import {
  type Consumer,
  type Decision,
  type Payload,
  PermissionMisuse,
  type Policy,
  type Scope,
} from "@portcullis/core";
import {
  badMessage,
  type ClientMessage,
  type Connection,
  Gate,
  type GuardOptions,
  MISSING_ACTION,
  OutgoingBudget,
  publicRefusal,
  type ServableConsumer,
  type Session,
} from "@portcullis/core/adapter";
import type { MemoryRefusal, MemoryRequest, MemoryServer, MemorySocket } from "./memory.js";

/** How long a client may take to answer a closing, in milliseconds. */
const PATIENCE = 1000;

/** A message of this transport: JSON text `{ id?, action, payload? }`. */
interface MemoryMessage extends ClientMessage {
  readonly id: unknown;
  /** Hands the text to the application, unchanged. */
  readonly pass: () => void;
}

/** What `referenceAdapter.guard` and `referenceAdapter.serve` return. */
export interface ReferenceGuard {
  readonly sessions: ReadonlySet<Session>;
  sessionOf(socket: MemorySocket): Session | undefined;
  replace(policy: Policy): void;
  close(): Promise<void>;
}

/** Puts a gate in front of a server: what every adapter does, in the words of its transport. */
function attach(server: MemoryServer, gate: Gate<MemoryRequest>): ReferenceGuard {
  if (server.admit) throw new PermissionMisuse("this server is guarded already: guard it once");
  for (const socket of [...server.sockets]) socket.terminate();
  const sessionOf = new WeakMap<MemorySocket, Session<MemoryMessage>>();

  server.admit = async (request, signal) => {
    const consumer = { id: crypto.randomUUID(), transport: "memory", raw: undefined as unknown, close() {} };
    const handshake = { request, scope: scopesOf(request) };
    const admission = gate.admit(handshake, consumer);
    let isCut = false;
    const cut = () => {
      isCut = true;
      admission.abort();
    };
    const timer = setTimeout(cut, gate.limits.handshake);
    signal.addEventListener("abort", cut, { once: true });
    const admitted = await admission.result;
    clearTimeout(timer);
    if (isCut) return "cut";
    if (admitted.decision.outcome !== "allow") return refusalOf(admitted.decision);
    return (socket) => {
      consumer.raw = socket;
      sessionOf.set(
        socket,
        open(socket, consumer, gate.limits.unread, (link) => gate.open(handshake, admitted, consumer, link)),
      );
    };
  };

  return {
    sessions: gate.sessions,
    sessionOf: (socket) => sessionOf.get(socket) as Session | undefined,
    replace: (policy) => gate.replace(policy),
    close: () => gate.close(),
  };
}

/** Fills the link of a connection, and stands between the socket and the application's listeners. */
function open(
  socket: MemorySocket,
  consumer: Consumer,
  unread: number,
  begin: (link: Connection<MemoryMessage>) => Session<MemoryMessage>,
): Session<MemoryMessage> {
  let patience: ReturnType<typeof setTimeout> | undefined;
  const budget = new OutgoingBudget(unread, {
    block() {
      socket.pause();
      session.block();
    },
    unblock() {
      socket.resume();
      session.unblock();
    },
  });
  const send = (answer: object) => {
    if (budget.isSpent) return session.close(1013, "answers are not read");
    const text = JSON.stringify(answer);
    const counted = budget.add(text.length);
    socket.send(text, () => budget.free(counted));
  };
  const session = begin({
    deliver: (message) => message.pass(),
    sendRefusal: ({ id, action }, decision) =>
      send(
        id === undefined
          ? { event: "permission_denied", action, error: publicRefusal(decision) }
          : { id, error: publicRefusal(decision) },
      ),
    reply: ({ id, action }, data, options) => send({ id, status: 200, action, ...options, data }),
    pause: () => socket.pause(),
    resume: () => budget.isFull || socket.resume(),
    close(code, reason) {
      socket.close(code, reason);
      patience = setTimeout(() => socket.terminate(), PATIENCE);
    },
  });
  consumer.close = (code, reason) => session.close(code, reason);
  socket.filter = {
    onMessage: (text, pass) => session.receive(decode(text, pass)),
    onClose(isOrderly, pass) {
      clearTimeout(patience);
      const end = () => {
        session.end();
        pass();
      };
      if (isOrderly) session.drain(end);
      else end();
      // Nobody will read what is left: no message waits for that any more.
      budget.free(Number.POSITIVE_INFINITY);
    },
  };
  return session;
}

/** Reads a message. What is wrong with one is said in `refusal`; nothing is thrown. */
function decode(text: string, pass: () => void): MemoryMessage {
  const empty = { id: undefined, action: "", payload: {}, bytes: text.length, pass };
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { ...empty, refusal: badMessage() };
  }
  if (!isRecord(data)) return { ...empty, refusal: badMessage() };
  const { id, action, payload = {} } = data;
  if (action === undefined) return { ...empty, id, refusal: MISSING_ACTION };
  if (typeof action !== "string" || !isRecord(payload)) return { ...empty, id, refusal: badMessage() };
  return { ...empty, id, action, payload };
}

function isRecord(value: unknown): value is Payload {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The scope of a handshake, with what `authenticate` returned added to it. */
function scopesOf(request: MemoryRequest): (extra: object) => Scope {
  const { path, query, headers } = request;
  const connectedAt = Date.now();
  const cookies = (headers.cookie ?? "").split(/; */).flatMap((pair) => {
    const at = pair.indexOf("=");
    return at > 0 ? [[pair.slice(0, at), pair.slice(at + 1)] as const] : [];
  });
  const known = {
    transport: "memory",
    path,
    query: record(Object.entries(query)),
    headers: record(Object.entries(headers)),
    cookies: record(cookies),
    origin: headers.origin,
    remoteAddress: undefined,
    secure: false,
    subprotocols: [],
    connectedAt,
    request,
  };
  return (extra) => {
    const twice = Object.keys(extra).find((key) => Object.hasOwn(known, key));
    if (twice === undefined) return Object.freeze({ user: null, ...extra, ...known });
    throw new PermissionMisuse(`authenticate() returned \`${twice}\`, which the scope has already`);
  };
}

/** Names come from the client, so the object has no prototype. */
function record<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  const made: Record<string, T> = Object.create(null);
  for (const [name, value] of entries) made[name] = value;
  return made;
}

function refusalOf(decision: Decision): MemoryRefusal {
  const { retryAfter, headers, status } = decision;
  return {
    status,
    headers: { ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }), ...headers },
    body: JSON.stringify(publicRefusal(decision)),
  };
}

/**
 * Guards a server without a socket.
 *
 * @param options Those that all adapters have in common.
 * @throws {PermissionMisuse} When the server is guarded already, or policy or options are wrong.
 */
function guard<Extra>(
  server: MemoryServer,
  policy: Policy<Scope & Extra>,
  options: GuardOptions<MemoryRequest, Extra> = {},
): ReferenceGuard {
  return attach(server, new Gate("guard()", policy, options));
}

/**
 * Serves a consumer on a server without a socket.
 *
 * @param options Those that all adapters have in common.
 * @throws {PermissionMisuse} When the server is guarded already, or consumer or options are wrong.
 */
function serve<Extra>(
  server: MemoryServer,
  consumer: ServableConsumer<Scope & Extra>,
  options: GuardOptions<MemoryRequest, Extra> = {},
): ReferenceGuard {
  return attach(server, new Gate("serve()", consumer, options, consumer as ServableConsumer));
}

/**
 * The reference adapter: all that an adapter has to do, on a transport that has nothing of its own. An example to read
 * for who writes an adapter.
 *
 * @example
 * ```ts
 * import { AllowAny, definePolicy } from "@portcullis/core";
 * import { MemoryServer, referenceAdapter } from "@portcullis/testing";
 * const server = new MemoryServer();
 * const guard = referenceAdapter.guard(server, definePolicy({ actions: { ping: AllowAny } }));
 * console.assert(guard.sessions.size === 0);
 * ```
 */
export const referenceAdapter = { guard, serve };
