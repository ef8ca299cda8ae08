import type { Server, Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Decision, Policy } from "@portcullis/core";
import {
  badMessage,
  type ClientMessage,
  type Connection,
  createGuard,
  type GuardOf,
  type GuardOptions,
  type HandshakeEvaluation,
  pathOf,
  publicRefusal,
  type ReplyOptions,
  type Session,
  Timeout,
} from "@portcullis/core/adapter";

/** The first line of a client: a path and a token. */
export interface Hello {
  readonly path: string;
  readonly token: string | undefined;
}

/** Bytes. The transport limits one message; the core limits how many wait. */
const MAX_LINE = 1_000_000;

/** A message: `<action> <JSON object>`. */
interface Line extends ClientMessage {
  readonly text: string;
}

class LineConnection implements Connection<Line, Hello> {
  // 1. The facts of the handshake. The core makes the scope of them.
  readonly transport = "line";
  readonly headers = {};
  readonly secure = false;
  readonly connectedAt = Date.now();
  readonly remoteAddress: string | undefined;
  session: Session<Line> | undefined;
  evaluation: HandshakeEvaluation<Line, Hello> | undefined;

  constructor(
    readonly socket: Socket,
    readonly request: Hello,
    readonly onLine: (socket: Socket, text: string) => void,
  ) {
    this.remoteAddress = socket.remoteAddress;
  }

  /** The target of the handshake, with its query. */
  get url(): string {
    return this.request.path;
  }

  /** The path, if all routers read the same one in the target. A target without a path is refused. */
  get path(): string | undefined {
    return pathOf(this.url);
  }

  get raw(): Socket | undefined {
    return this.session && this.socket;
  }

  abort(): void {
    this.socket.destroy();
  }

  // 2. The open connection, for its session.
  deliver({ text }: Line): void {
    this.onLine(this.socket, text);
  }

  sendRefusal({ action }: Line, decision: Decision): void {
    this.send({ action, error: publicRefusal(decision) });
  }

  reply({ action }: Line, data: unknown, options: ReplyOptions): void {
    this.send({ action, ...options, data });
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(code: number, reason: string): void {
    this.socket.end(`${JSON.stringify({ closed: code, reason })}\n`);
    const timeout = new Timeout(1000, () => this.socket.destroy());
    this.socket.once("close", () => timeout.cancel());
  }

  send(answer: object): void {
    this.socket.write(`${JSON.stringify(answer)}\n`);
  }
}

/** 3. The codec. The reason why a message cannot be read is in `refusal`; nothing is thrown. */
function decode(text: string): Line {
  const [action = "", ...rest] = text.split(" ");
  const line = { text, action, payload: {}, bytes: Buffer.byteLength(text) };
  try {
    const payload: unknown = JSON.parse(rest.join(" ") || "{}");
    if (action !== "" && typeof payload === "object" && payload !== null && !Array.isArray(payload)) {
      return { ...line, payload: payload as ClientMessage["payload"] };
    }
  } catch {
    // Not JSON, so it is refused below.
  }
  return { ...line, refusal: badMessage() };
}

/** 4. The guard. Every line of a client passes `session.receive`, or is dropped. */
export function guardLines(
  server: Server,
  policy: Policy,
  options: GuardOptions<Hello>,
  onLine: (socket: Socket, text: string) => void,
): GuardOf<Socket> {
  return createGuard<Hello, Socket>({
    caller: "guard()",
    rules: policy,
    options,
    attach(gate) {
      const connections = new WeakMap<Socket, LineConnection>();
      server.on("connection", (socket) => {
        const timeout = new Timeout(gate.limits.handshake, () => socket.destroy());
        socket.on("error", () => socket.destroy());
        let connection: LineConnection | undefined;
        socket.once("close", () => {
          timeout.cancel();
          connection?.evaluation?.abort();
          connection?.session?.end();
        });
        let unread = 0;
        socket.on("data", (chunk: Buffer) => {
          const newline = chunk.lastIndexOf("\n");
          unread = newline === -1 ? unread + chunk.length : chunk.length - newline - 1;
          if (unread > MAX_LINE) socket.destroy();
        });
        const lines = createInterface({ input: socket });
        // readline emits the errors of its input too.
        lines.on("error", () => socket.destroy());
        lines.on("line", async (text) => {
          // A client waits for the answer to its first line. Lines that it sends before are dropped.
          if (connection) return connection.session?.receive(decode(text));
          const [path = "/", token] = text.split(" ");
          connection = new LineConnection(socket, { path, token }, onLine);
          connection.evaluation = gate.admit(connection);
          const { decision } = await connection.evaluation.result;
          timeout.cancel();
          if (socket.destroyed) return;
          if (decision.outcome !== "allow") {
            socket.end(`${JSON.stringify({ error: publicRefusal(decision) })}\n`);
            return;
          }
          connection.session = connection.evaluation.open();
          connections.set(socket, connection);
          connection.send({ open: true });
        });
      });
      return { sessionOf: (socket) => connections.get(socket)?.session };
    },
  });
}
