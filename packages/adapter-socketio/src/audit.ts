import type { BareServer } from "./bare.js";
import type { Front } from "./connection.js";
import type { Hooks } from "./hooks.js";

/** What of a server is not guarded, in sentences. */
export function audit(hooks: Hooks, io: BareServer, { connections }: Front): string[] {
  const found: string[] = [];
  for (const namespace of io._nsps.values()) {
    const name = JSON.stringify(namespace.name);
    if (hooks.frontOf(namespace) === undefined) found.push(`the namespace ${name} is not guarded`);
    else if (!hooks.isHooked(namespace)) {
      found.push(`methods of the namespace ${name} were replaced: it may not be guarded any more`);
    }
    let count = 0;
    for (const socket of namespace.sockets.values()) if (connections.get(socket)?.isGated === false) count += 1;
    if (count > 0) found.push(`\`onevent\` was replaced on open sockets of ${name}: ${count}`);
  }
  for (const parent of io.parentNsps.values()) {
    if (hooks.frontOf(parent) === undefined) {
      found.push("namespaces that io.of() makes for a pattern or a function are not guarded");
    }
  }
  return found;
}
