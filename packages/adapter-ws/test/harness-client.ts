import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { ClientHandshake, ClientListener, OutgoingMessage, RunningServer } from "@portcullis/testing";
import { WebSocket } from "ws";
import type { Wire } from "./wires.js";

/** The server to connect to. */
export interface Target {
  readonly port: number;
  readonly wire: Wire;
  /** Callbacks by `x-connection`, called when the application gets that connection. */
  readonly seen: Map<unknown, () => void>;
}

type Connected = Awaited<ReturnType<RunningServer["connect"]>>;

let lastConnection = 0;

/** Opens a connection with the client of ws. */
export function connectClient(
  target: Target,
  handshake: ClientHandshake,
  listener: ClientListener,
): Promise<Connected> {
  const { entrance = "/", query = {}, early = [], isSilent = false, signal } = handshake;
  const { port, wire, seen } = target;
  const connection = String(++lastConnection);
  const path = entrance.startsWith("/") ? entrance : "/";
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}?${new URLSearchParams(query)}`, {
    ...(handshake.origin !== undefined && { origin: handshake.origin }),
    headers: {
      ...handshake.headers,
      "x-connection": connection,
      ...(handshake.token !== undefined && { authorization: `Bearer ${handshake.token}` }),
    },
    finishRequest: (request: ClientRequest) => {
      request.once("finish", () =>
        request.socket?.write(Buffer.concat(early.map((message) => frameOf(wire, message)))),
      );
      request.end();
    },
  } as object);
  listen(socket, wire, listener);
  signal?.addEventListener("abort", () => socket.terminate());
  return new Promise((resolve, reject) => {
    const isSeen = new Promise<void>((see) => seen.set(connection, see));
    const isOpen = new Promise((open) => socket.once("open", open));
    Promise.all([isSeen, isOpen]).then(() => {
      if (isSilent) socket.pause();
      resolve(clientOf(socket, wire, entrance));
    });
    socket.once("unexpected-response", (_request, response) => readRefusal(response).then(resolve, reject));
    socket.once("error", () => resolve({ isRefused: true, status: "cut", text: "" }));
    socket.once("close", (closeCode, reason) =>
      resolve({ isRefused: true, status: undefined, closeCode, code: reason.toString(), text: reason.toString() }),
    );
  });
}

function listen(socket: WebSocket, wire: Wire, listener: ClientListener): void {
  socket.on("message", (data) => {
    const text = data.toString();
    listener.onFrame(text);
    for (const answer of [JSON.parse(text)].flat()) listener.onAnswer(wire.answer(answer as never));
  });
  socket.on("close", (code, reason) => listener.onClosed({ code, reason: reason.toString() }));
  socket.on("error", () => {});
}

/** Rejects for an answer that is none of the guard, such as one of the runtime. */
async function readRefusal(response: IncomingMessage): Promise<Connected> {
  const { statusCode, headers } = response;
  // Node's own timeout for incomplete requests answers 408 without a body.
  if (statusCode === 408) return { isRefused: true, status: "cut", text: "" };
  let body = "";
  for await (const chunk of response) body += chunk;
  const { code } = JSON.parse(body).error;
  return { isRefused: true, status: statusCode, code, headers, text: JSON.stringify(headers) + body };
}

function clientOf(socket: WebSocket, wire: Wire, entrance: string): Connected {
  return {
    send(messages) {
      if (socket.readyState !== WebSocket.OPEN) return;
      const texts = messages.map((message) => JSON.stringify(wire.request(message)));
      // Messages of one turn are written at once, so that they arrive together.
      const transport = transportOf(socket);
      transport.cork();
      for (const text of texts) sendText(socket, text, entrance);
      transport.uncork();
    },
    sendBatch: (messages) => sendText(socket, JSON.stringify(messages.map(wire.request)), entrance),
    sendRaw: (raw: string | Buffer) => socket.send(raw),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.close(),
    terminate: () => void transportOf(socket).resetAndDestroy(),
  };
}

function transportOf(socket: WebSocket): Socket {
  return (socket as unknown as { _socket: Socket })._socket;
}

function sendText(socket: WebSocket, text: string, entrance: string): void {
  if (entrance === "binary frames") socket.send(Buffer.from(text));
  else if (entrance === "fragmented frames") {
    socket.send(text.slice(0, 5), { fin: false });
    socket.send(text.slice(5));
  } else socket.send(text);
}

/** Encodes a masked text frame, because the client of ws sends none before it is accepted. */
function frameOf(wire: Wire, message: OutgoingMessage): Buffer {
  const data = Buffer.from(JSON.stringify(wire.request(message)));
  const length = data.length < 126 ? [0x80 | data.length] : [0x80 | 126, data.length >> 8, data.length & 0xff];
  // A mask of zeros leaves the data unchanged.
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), data]);
}
