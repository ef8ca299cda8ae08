import type { IncomingMessage } from "node:http";
import { isIPv6 } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

/** Socket properties that middlewares read. They are read once, because a closed socket loses them. */
interface Facts {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly encrypted: boolean | undefined;
  readonly authorized: boolean | undefined;
  readonly authorizationError: unknown;
  readonly servername: string | false | undefined;
  readonly alpnProtocol: string | false | null | undefined;
  readonly certificate: unknown;
}

const known = new WeakMap<object, Facts>();

function read(socket: Partial<TLSSocket>): Facts {
  return {
    remoteAddress: socket.remoteAddress,
    remotePort: socket.remotePort,
    remoteFamily: socket.remoteFamily,
    localAddress: socket.localAddress,
    localPort: socket.localPort,
    encrypted: socket.encrypted,
    authorized: socket.authorized,
    authorizationError: socket.authorizationError,
    servername: (socket as { servername?: string | false }).servername,
    alpnProtocol: socket.alpnProtocol,
    certificate: socket.encrypted ? socket.getPeerCertificate?.(true) : undefined,
  };
}

/** The socket properties of a handshake, as they were at the first call. */
export function factsOf(handshake: Partial<IncomingMessage>): Facts {
  let facts = known.get(handshake);
  if (facts === undefined) {
    facts = read((handshake.socket ?? {}) as Partial<TLSSocket>);
    known.set(handshake, facts);
  }
  return facts;
}

/** Values that are used when the socket of the handshake is closed or missing. */
interface Fallback {
  readonly remoteAddress?: string | undefined;
  readonly secure?: boolean | undefined;
}

/**
 * The socket of a derived request. It has the properties of the client's socket, and discards everything that is
 * written. Destroying it does not affect the connection.
 */
export class NullSocket extends Duplex {
  declare readonly remoteAddress: string | undefined;
  declare readonly encrypted: boolean | undefined;
  readonly #certificate: unknown;

  constructor({ certificate, ...facts }: Facts, fallback: Fallback) {
    super({ decodeStrings: false });
    Object.assign(this, facts);
    this.#certificate = certificate;
    if (facts.remoteAddress === undefined) this.remoteAddress = fallback.remoteAddress;
    if (facts.encrypted === undefined && fallback.secure) this.encrypted = true;
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, callback: () => void): void {
    callback();
  }

  override _writev(_chunks: unknown, callback: () => void): void {
    callback();
  }

  getPeerCertificate(): unknown {
    return this.#certificate ?? {};
  }

  address(): object {
    const { localAddress: address, localPort: port } = this as unknown as Facts;
    return { address, port, family: isIPv6(address as string) ? "IPv6" : "IPv4" };
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
