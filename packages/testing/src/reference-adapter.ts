import { PermissionMisuse, type Policy, type Scope } from "@portcullis/core";
import {
  createGuard,
  type Gate,
  type GuardOf,
  type GuardOptions,
  type ServableConsumer,
} from "@portcullis/core/adapter";
import type { MemoryRequest, MemoryServer, MemorySocket } from "./memory.js";
import { MemoryConnection } from "./memory-connection.js";

/** The guard of an in-memory server. */
export interface ReferenceGuard extends GuardOf<MemorySocket> {}

/** Attaches a guard to a server. */
function attach(
  caller: "guard()" | "serve()",
  server: MemoryServer,
  rules: unknown,
  options: GuardOptions<MemoryRequest>,
): ReferenceGuard {
  if (server.admit) {
    throw new PermissionMisuse(
      "this server is guarded already: guard it once, and call guarded.replace(policy, options) to change its rules",
    );
  }
  return createGuard({
    caller,
    rules,
    options,
    attach(gate: Gate<MemoryRequest>) {
      for (const socket of [...server.sockets]) socket.terminate();
      const connections = new WeakMap<MemorySocket, MemoryConnection>();
      server.admit = async (request, signal) => {
        const connection = new MemoryConnection(gate, request);
        const answer = await connection.admit(gate, signal);
        if (typeof answer !== "function") return answer;
        return (socket) => {
          connections.set(socket, connection);
          answer(socket);
        };
      };
      return { sessionOf: (socket) => connections.get(socket)?.session };
    },
  });
}

/**
 * The reference adapter. It does everything that an adapter must do, on an in-memory transport. Copy it to start one.
 *
 * Its `guard` and `serve` take a server, rules and the options that all adapters share. They throw `PermissionMisuse`
 * when the server is guarded already, or rules or options are wrong.
 *
 * @example
 * ```ts
 * import { AllowAny, definePolicy } from "@portcullis/core";
 * import { MemoryServer, referenceAdapter } from "@portcullis/testing";
 * const server = new MemoryServer();
 * const guard = referenceAdapter.guard(server, definePolicy({ actions: { ping: AllowAny } }));
 * console.assert(guard.sessions.size === 0);
 * ```
 */
export const referenceAdapter = {
  guard<Extra>(
    server: MemoryServer,
    policy: Policy<Scope & Extra>,
    options: GuardOptions<MemoryRequest, Extra> = {},
  ): ReferenceGuard {
    return attach("guard()", server, policy, options as GuardOptions<MemoryRequest>);
  },
  serve<Extra>(
    server: MemoryServer,
    consumer: ServableConsumer<Scope & Extra>,
    options: GuardOptions<MemoryRequest, Extra> = {},
  ): ReferenceGuard {
    return attach("serve()", server, consumer, options as GuardOptions<MemoryRequest>);
  },
};
