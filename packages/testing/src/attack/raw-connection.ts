import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectSecurely } from "node:tls";
import { type Frame, FrameReader, frameOf, OPCODE } from "./frames.js";

/** Characters of a refusal that are kept. */
const LONGEST_BODY = 16_384;

/** Where a connection leads. */
export interface Endpoint {
  readonly url: URL;
  readonly tls: ConnectionOptions | undefined;
}

/** Opens a TCP or TLS connection. */
export function dial({ url, tls }: Endpoint): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isSecure = /^(wss|https):$/.test(url.protocol);
  const port = Number(url.port || (isSecure ? 443 : 80));
  const name = /^[\d.:]+$/.test(host) ? {} : { servername: host };
  const socket = isSecure ? connectSecurely({ host, port, ...name, ...tls }) : connect({ host, port });
  socket.setNoDelay(true);
  return socket;
}

/** The head of a WebSocket upgrade request. */
export function upgradeOf(url: URL, headers: Readonly<Record<string, string>>): string {
  const all = {
    Host: url.host,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

export interface RawHandshake {
  readonly headers: Readonly<Record<string, string>>;
  /** Frames that are sent together with the handshake, before its answer. */
  readonly early: readonly Buffer[];
}

export interface RawConnectionListener {
  /** Receives a complete text, from text or binary frames. */
  onText(text: string): void;
  /** Called when the connection was opened, refused or ended, and after every chunk. */
  onChange(): void;
}

/** A WebSocket connection over a raw socket, which can send invalid data. */
export class RawConnection {
  readonly socket: Socket;
  /** The HTTP status of the answer to the handshake; `undefined` before it. */
  status: number | undefined;
  /** The head and the body of a refusal. */
  refusal = "";
  /** A description of the end; `undefined` while the connection is open. */
  end: string | undefined;
  readonly #reader = new FrameReader();
  readonly #listener: RawConnectionListener;
  #head = "";
  #fragments: Buffer[] = [];

  constructor(endpoint: Endpoint, { headers, early }: RawHandshake, listener: RawConnectionListener) {
    this.#listener = listener;
    this.socket = dial(endpoint);
    this.socket.write(Buffer.concat([Buffer.from(upgradeOf(endpoint.url, headers)), ...early]));
    this.socket.on("data", (chunk) => this.#read(chunk));
    this.socket.on("error", (error) => this.#close(error.message));
    this.socket.on("close", () => this.#close("cut off"));
    this.socket.on("end", () => this.socket.end());
  }

  get isOpen(): boolean {
    return this.status === 101 && this.end === undefined;
  }

  write(...frames: readonly Buffer[]): boolean {
    return this.socket.writable && this.socket.write(Buffer.concat(frames));
  }

  /** Resets the connection, without a close frame and without a FIN. */
  vanish(): void {
    this.socket.resetAndDestroy();
  }

  #close(how: string): void {
    this.end ??= how;
    this.#listener.onChange();
  }

  #read(chunk: Buffer): void {
    if (this.status === 101) this.#frames(chunk);
    else this.#readHead(chunk);
    this.#listener.onChange();
  }

  #readHead(chunk: Buffer): void {
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return;
    this.status = Number(this.#head.split(" ", 2)[1]);
    if (this.status !== 101) {
      this.refusal = this.#head.slice(0, LONGEST_BODY);
      return;
    }
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    this.#head = "";
    if (rest.length > 0) this.#frames(rest);
  }

  #frames(chunk: Buffer): void {
    for (const frame of this.#reader.push(chunk)) this.#take(frame);
  }

  #take({ opcode, isFinal, data }: Frame): void {
    if (opcode === OPCODE.ping) this.write(frameOf(OPCODE.pong, data));
    else if (opcode === OPCODE.close) this.#closing(data);
    else if (opcode <= OPCODE.binary) {
      this.#fragments.push(data);
      if (!isFinal) return;
      const text = Buffer.concat(this.#fragments).toString();
      this.#fragments = [];
      this.#listener.onText(text);
    }
  }

  #closing(data: Buffer): void {
    const code = data.length >= 2 ? data.readUInt16BE(0) : 1005;
    this.#close(`closed with ${code} ${data.subarray(2).toString()}`.trim());
    this.write(frameOf(OPCODE.close, data));
    this.socket.end();
  }
}
