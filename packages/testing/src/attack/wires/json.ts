import type { OwnProtocol } from "../options.js";
import type { Wire } from "../wire.js";

/** A named protocol, with the names of its keys. */
interface Named {
  readonly kind: string;
  readonly stream?: string;
  readonly action?: string;
  readonly id?: string;
}

type Parsed = Readonly<Record<string, unknown>>;

/** The protocols with one JSON object in each frame. */
const PROTOCOLS: Readonly<Record<string, (named: Named) => OwnProtocol>> = {
  dcrf: ({ stream }) => ({
    request(id, action, payload) {
      const request = { ...payload, action, request_id: id };
      return JSON.stringify(stream === undefined ? request : { stream, payload: request });
    },
    read(text) {
      const frame = parse(text);
      const {
        request_id: id,
        response_status: status,
        errors,
      } = asRecord(stream === undefined ? frame : frame.payload);
      const isRefusal = Number(status) >= 400 || (Array.isArray(errors) && errors.length > 0);
      return typeof id === "number" ? { id, isRefusal } : undefined;
    },
  }),
  json: ({ action: actionKey = "type", id: idKey = "id" }) => ({
    request: (id, action, payload) => JSON.stringify({ ...payload, [actionKey]: action, [idKey]: id }),
    read(text) {
      const { [idKey]: id, error, status } = parse(text);
      const isRefusal = Boolean(error) || Number(status) >= 400;
      return typeof id === "number" ? { id, isRefusal } : undefined;
    },
  }),
  "json-rpc": () => ({
    request: (id, method, params) => JSON.stringify({ jsonrpc: "2.0", id, method, params }),
    read(text) {
      const { id, error } = parse(text);
      return typeof id === "number" ? { id, isRefusal: Boolean(error) } : undefined;
    },
  }),
};

/** The wire of a ws protocol; `undefined` when there is no protocol of that name. */
export function jsonWire(protocol: OwnProtocol): Wire;
export function jsonWire(protocol: Named): Wire | undefined;
export function jsonWire(protocol: OwnProtocol | Named): Wire | undefined {
  const isKnown = "kind" in protocol && Object.hasOwn(PROTOCOLS, protocol.kind);
  const own = "kind" in protocol ? (isKnown ? PROTOCOLS[protocol.kind]?.(protocol) : undefined) : protocol;
  if (own === undefined) return undefined;
  return {
    transport: "ws",
    entranceOf: (url) => url.pathname + url.search,
    address: (url, entrance) => new URL(entrance, url),
    hello: () => undefined,
    message: (_entrance, id, action, payload) => own.request(id, action, payload),
    read(text) {
      const answer = own.read(text);
      return answer && { kind: "answer", ...answer };
    },
  };
}

function parse(text: string): Parsed {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return {};
  }
}

function asRecord(value: unknown): Parsed {
  return typeof value === "object" && value !== null ? (value as Parsed) : {};
}
