import type { GuardContext } from "./namespace/guard-context.js";
import { BY_CLIENT } from "./namespace/guard-registry.js";
import type { Hooks } from "./server-hooks.js";
import type { BareServer } from "./socketio-internals.js";

/** Lists the unguarded parts of a server, one sentence each. */
export function audit(hooks: Hooks, io: BareServer, { connections }: GuardContext): string[] {
  const found: string[] = [];
  for (const namespace of io._nsps.values()) {
    const name = JSON.stringify(namespace.name);
    const cover = hooks.registry.coverOf(namespace);
    const reach = cover === BY_CLIENT ? hooks.registry.reachOf(namespace) : cover && "all";
    if (reach === undefined || reach === "none") found.push(`the namespace ${name} is not guarded`);
    else if (!hooks.isHooked(namespace)) {
      found.push(`methods of the namespace ${name} were replaced: it may not be guarded any more`);
    }
    if (reach === "some")
      found.push(`the namespace ${name} is guarded for clients whom a guarded function accepts alone`);
    let count = 0;
    for (const socket of namespace.sockets.values()) if (connections.get(socket)?.isGated === false) count += 1;
    if (count > 0) found.push(`\`onevent\` was replaced on open sockets of ${name}: ${count}`);
  }
  for (const parent of io.parentNsps.values()) {
    if (hooks.registry.coverOf(parent) === undefined) {
      found.push("namespaces that io.of() makes for a pattern or a function are not guarded");
    }
  }
  return found;
}
