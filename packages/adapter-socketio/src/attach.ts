import type { Policy, ReplaceOptions } from "@portcullis/core";
import { createGuard, type GuardOf } from "@portcullis/core/adapter";
import type { Socket } from "socket.io";
import { audit } from "./audit.js";
import { corsOrigins } from "./cors-origins.js";
import { nameOf, readTarget } from "./guard-target.js";
import { HeardContinuity } from "./heard-continuity.js";
import type { SocketGuardContext } from "./namespace/guard-registry.js";
import { KeptRights } from "./namespace/kept-rights.js";
import type { NamespaceConnection } from "./namespace/namespace-connection.js";
import type { SocketScope } from "./namespace/scope.js";
import { OWN_OPTIONS, readOptions, type SocketGuardOptions } from "./options.js";
import { Hooks } from "./server-hooks.js";
import { type BareServer, recoveryTimeOf } from "./socketio-internals.js";

/**
 * The guard of a socket.io server or of one of its namespaces. `P` and `O` are the arguments of `replace`, `S` is the
 * scope of its sessions, `N` are the names of its actions.
 */
export interface Guard<P = Policy, S = SocketScope, N extends string = string, O = ReplaceOptions<Socket>>
  extends GuardOf<object, P, S, N, O> {}

const MIN_PENDING_BYTES = 1_048_576;
/** The default of socket.io, in bytes. */
const MAX_HTTP_BUFFER_SIZE = 1_000_000;

/**
 * Guards a server or a namespace.
 *
 * @throws {PermissionMisuse} When the subject is neither, is already guarded, or an option is invalid.
 */
export function attach<P, S, O>(
  caller: "guard()" | "serve()",
  subject: unknown,
  rules: unknown,
  options: SocketGuardOptions,
): Guard<P, S, string, O> {
  const target = readTarget(caller, subject);
  const continuity = new HeardContinuity(options.continuity);
  return createGuard<Socket, object, P, S, O>({
    caller,
    rules,
    options: {
      ...options,
      origins: options.origins ?? corsOrigins(target.io),
      ...limitsOf(options, target.io),
      ...(continuity.option && { continuity: continuity.option }),
    },
    ownOptions: OWN_OPTIONS,
    attach(gate) {
      const connections = new WeakMap<object, NamespaceConnection>();
      const name = nameOf(target);
      const recoveryTime = recoveryTimeOf(target.io);
      const context: SocketGuardContext = {
        name,
        gate,
        rights:
          recoveryTime > 0 ? new KeptRights({ name, continuity: continuity.hook, gate }, recoveryTime) : undefined,
        options: readOptions(caller, options),
        connections,
        hasOwnParser: target.io.opts.parser !== undefined,
      };
      const hooks = Hooks.of(target.io);
      hooks.add(caller, target, context);
      return {
        sessionOf: (socket) => connections.get(socket)?.session,
        audit: () => audit(hooks, target.io, context),
      };
    },
  });
}

/**
 * Computes the default of `limits.pendingBytes`: room for three messages, or POSTs of a polling client, of the largest
 * size. A message is decoded as a whole, and reading is paused when the queue is half full.
 */
function limitsOf({ limits }: SocketGuardOptions, { opts }: BareServer): Pick<SocketGuardOptions, "limits"> {
  if (limits !== undefined && (typeof limits !== "object" || limits === null)) return {};
  const largest = 3 * (opts.maxHttpBufferSize ?? MAX_HTTP_BUFFER_SIZE);
  const pendingBytes = Math.min(Number.MAX_SAFE_INTEGER, Math.max(MIN_PENDING_BYTES, largest));
  return { limits: { pendingBytes, ...limits } };
}
