import type { Wire } from "../wire.js";

/** A socket.io packet in an engine.io message: type, attachments, namespace, id, data. */
const PACKET = /^4(\d)(?:\d+-)?(?:(\/[^,]*),)?(\d*)(.*)$/s;

/** The default of the option `isRefusal`. */
function refuses(answer: unknown): boolean {
  const { ok, error } = Object(answer) as { ok?: unknown; error?: unknown };
  return ok === false || Boolean(error);
}

/** The start of a packet: its type, and the namespace unless it is the root. */
export const packetStart = (type: string, namespace: string): string =>
  `4${type}${namespace === "/" ? "" : `${namespace},`}`;

/** The wire of socket.io 4 over WebSocket. */
export function socketWire(path: string, isRefusal: (answer: unknown) => boolean = refuses): Wire {
  return {
    transport: "socket.io",
    entranceOf: () => "/",
    address(url) {
      const address = new URL(path, url);
      address.search = "?EIO=4&transport=websocket";
      return address;
    },
    hello: (namespace, { auth = {} }, resumed) => packetStart("0", namespace) + JSON.stringify({ ...auth, ...resumed }),
    message: (namespace, id, event, payload) =>
      `${packetStart("2", namespace)}${id}${JSON.stringify([event, payload])}`,
    read(text, entrance) {
      if (text === "2") return { kind: "reply", text: "3" };
      if (text.startsWith("0{")) return { kind: "ready" };
      const [, type, namespace = "/", id, body = ""] = PACKET.exec(text) ?? [];
      if (type === undefined || namespace !== entrance) return undefined;
      if (type === "0") return { kind: "entered", pid: (parse(body) as { pid?: string } | undefined)?.pid };
      if (type === "4" || type === "1") return { kind: "refused" };
      if (type === "2") return { kind: "event", offset: offsetOf(parse(body)) };
      const args = parse(body);
      if (type !== "3" || !id || !Array.isArray(args)) return undefined;
      return { kind: "answer", id: Number(id), isRefusal: isRefusal(args[0]) };
    },
  };
}

/** Reads the offset for resuming. With recovery on, it is the last argument of every event. */
function offsetOf(event: unknown): string | undefined {
  const last: unknown = Array.isArray(event) && event.length > 1 ? event.at(-1) : undefined;
  return typeof last === "string" ? last : undefined;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
