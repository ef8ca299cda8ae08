import type { Policy, Scope } from "@portcullis/core";
import type { ServableConsumer } from "@portcullis/core/adapter";
import type {
  ClientHandshake,
  ClientListener,
  Delivered,
  Harness,
  RunningServer,
  ServerSetup,
} from "../src/harness.js";
import { type MemoryRequest, MemoryServer, MemorySocket } from "../src/memory.js";
import { type ReferenceGuard, referenceAdapter } from "../src/reference-adapter.js";

const HOST = "memory.example";

/** Drives the reference adapter. */
export const referenceHarness: Harness = {
  name: "reference",
  transport: "memory",
  lacks: { batches: "each text is one message" },
  entrances: ["/"],
  malformed: [
    { what: "no JSON", raw: "{", code: "bad_message" },
    { what: "an empty text", raw: "", code: "bad_message" },
    { what: "an array", raw: "[]", code: "bad_message" },
    { what: "a number", raw: "5", code: "bad_message" },
    { what: "null", raw: "null", code: "bad_message" },
    { what: "an action that is an object", raw: '{"action":{}}', code: "bad_message" },
    { what: "a payload that is a list", raw: '{"action":"ping","payload":[]}', code: "bad_message" },
    { what: "no action", raw: '{"payload":{}}', code: "missing_action" },
  ],
  async start(setup) {
    const server = new MemoryServer();
    const guard = protect(server, setup);
    server.onConnection = (socket) => runApplication(socket, guard, setup);
    return {
      guard: guard as RunningServer["guard"],
      origin: `http://${HOST}`,
      connect: (handshake, listener) => connect(server, handshake, listener),
      async stop() {
        for (const socket of [...server.sockets]) socket.terminate();
      },
    };
  },
};

function protect(server: MemoryServer, { policy, consumer, options }: ServerSetup): ReferenceGuard {
  const { authenticate, ...rest } = options;
  const given = {
    ...rest,
    ...(authenticate && {
      authenticate: ({ headers }: MemoryRequest, asked: Parameters<typeof authenticate>[1]) =>
        authenticate({ token: headers.authorization?.replace("Bearer ", "") }, asked),
    }),
  };
  if (consumer) return referenceAdapter.serve(server, consumer as ServableConsumer<Scope>, given);
  return referenceAdapter.guard(server, policy as Policy<Scope>, given);
}

/** The application behind the guard, without any rule. */
function runApplication(socket: MemorySocket, guard: ReferenceGuard, setup: ServerSetup): void {
  const session = guard.sessionOf(socket) as Delivered["session"];
  setup.onOpen(session);
  socket.onClose = () => setup.onClose(session);
  socket.onMessage = (text) => {
    const { id, action, payload = {} } = JSON.parse(text);
    const answered = (data: unknown) => id !== undefined && socket.send(JSON.stringify({ id, data }));
    const answer = setup.onMessage({ action, payload, session });
    if (answer instanceof Promise) answer.then(answered);
    else answered(answer);
  };
}

function requestOf({ token, headers = {}, query = {}, origin }: ClientHandshake): MemoryRequest {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    path: "/",
    query,
    headers: {
      host: HOST,
      ...Object.fromEntries(lower),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(origin !== undefined && { origin }),
    },
  };
}

async function connect(
  server: MemoryServer,
  handshake: ClientHandshake,
  listener: ClientListener,
): ReturnType<RunningServer["connect"]> {
  const prepare = (socket: MemorySocket) => {
    socket.isSilent = handshake.isSilent ?? false;
    socket.onMessage = (text) => {
      listener.onFrame(text);
      const { id, action, data, status, error } = JSON.parse(text);
      listener.onAnswer({ id, action, data, status, error });
    };
    socket.onClose = (code, reason) => listener.onClosed({ code, reason });
    send(socket, handshake.early);
  };
  const client = await server.connect(requestOf(handshake), prepare, handshake.signal);
  if (client === "cut") return { isRefused: true, status: "cut", text: "" };
  if (!(client instanceof MemorySocket)) {
    const { status, headers, body } = client;
    return { isRefused: true, status, code: JSON.parse(body).code, headers, text: JSON.stringify(headers) + body };
  }
  return {
    send: (messages) => send(client, messages),
    sendRaw: (text: string) => client.send(text),
    pause: () => client.pause(),
    resume: () => client.resume(),
    close: () => client.close(),
    terminate: () => client.terminate(),
  };
}

function send(socket: MemorySocket, messages: ClientHandshake["early"] = []): void {
  for (const { id, action, payload, wantsAnswer } of messages) {
    socket.send(JSON.stringify({ ...(wantsAnswer && { id }), action, payload }));
  }
}
