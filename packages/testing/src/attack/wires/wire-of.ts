import { PermissionMisuse } from "@portcullis/core";
import type { AttackOptions, AttackProtocol } from "../options.js";
import type { Wire } from "../wire.js";
import { jsonWire } from "./json.js";
import { socketWire } from "./socketio.js";

/**
 * Returns the wire of the protocol in the options.
 *
 * @throws {PermissionMisuse} When there is no such protocol.
 */
export function wireOf({ protocol, isRefusal }: AttackOptions): Wire {
  const named = (typeof protocol === "string" ? { kind: protocol } : protocol) as Exclude<AttackProtocol, string>;
  if (named !== null && typeof named === "object") {
    if ("request" in named) return jsonWire(named);
    if (named.kind === "socket.io") return socketWire(named.path ?? "/socket.io/", isRefusal);
    const wire = jsonWire(named);
    if (wire) return wire;
  }
  throw new PermissionMisuse(
    'attack() got a wrong `protocol`: write "dcrf", "json", "json-rpc", "socket.io" or { request, read }',
  );
}
