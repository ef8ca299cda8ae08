import type { Policy } from "@portcullis/core";
import { Gate, type GuardOf, type GuardSession, type ServableConsumer } from "@portcullis/core/adapter";
import type { Socket } from "socket.io";
import { audit } from "./audit.js";
import { corsOrigins } from "./cors-origins.js";
import type { SocketGuardContext } from "./namespace/guard-registry.js";
import type { NamespaceConnection } from "./namespace/namespace-connection.js";
import type { SocketScope } from "./namespace/scope.js";
import { readOptions, type SocketGuardOptions } from "./options.js";
import { Hooks } from "./server-hooks.js";
import { nameOf, readTarget } from "./socketio-internals.js";

/**
 * The guard of a server of socket.io, or of one of its namespaces. `P` is what `replace` takes, `S` the scope of its
 * sessions.
 */
export interface Guard<P = Policy, S = SocketScope> extends GuardOf<object, P, S> {}

/**
 * Guards a server or a namespace.
 *
 * @throws {PermissionMisuse} When it is neither, or it is guarded already, or an option is wrong.
 */
export function attach<P, S>(
  caller: string,
  subject: unknown,
  policy: unknown,
  options: SocketGuardOptions<never>,
  served?: ServableConsumer,
): Guard<P, S> {
  const target = readTarget(caller, subject);
  const { own, common } = readOptions<never>(caller, options);
  const { origins = corsOrigins(target.io) } = common;
  const gate = new Gate<Socket>(caller, policy, { ...(common as object), origins }, served);
  const connections = new WeakMap<object, NamespaceConnection>();
  const hasOwnParser = target.io.opts.parser !== undefined;
  const context: SocketGuardContext = { name: nameOf(target), gate, options: own, connections, hasOwnParser };
  const hooks = Hooks.of(target.io);
  hooks.add(caller, target, context);
  return {
    sessions: gate.sessions as never,
    sessionOf: (socket) => connections.get(socket)?.session as GuardSession<S> | undefined,
    replace: (next) => gate.replace(next),
    audit: () => audit(hooks, target.io, context),
    close: () => gate.close(),
  };
}
