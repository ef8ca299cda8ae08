import { type Decision, PermissionMisuse } from "@portcullis/core";
import { decisionFromError } from "@portcullis/core/adapter";
import type { BareNamespace, BareSocket } from "../socketio-internals.js";
import { BY_CLIENT, type ClientGuard, type GuardRegistry, type SocketGuardContext } from "./guard-registry.js";
import type { Kept } from "./kept-rights.js";
import { UNGUARDED } from "./state-recovery.js";

/** Finds the guard of each client, also in namespaces where the guard depends on the client. */
export class ClientGuards {
  readonly #registry: GuardRegistry;
  /** Guards by the `auth` of a client until it has a socket, then by the socket. */
  #known = new WeakMap<object, ClientGuard>();
  /** The number of guards added so far. A lookup that began before the last one does not count. */
  #generation = 0;

  constructor(registry: GuardRegistry) {
    this.#registry = registry;
  }

  /** Forgets all clients because another guard was added. Clients whose handshake is pending are refused. */
  reset(): void {
    this.#known = new WeakMap();
    this.#generation += 1;
  }

  /** Finds the guard of a client. INVARIANT: a guard that is added meanwhile is not bypassed. */
  async find(name: string, auth: unknown, isThere: boolean): Promise<ClientGuard> {
    const found = isThere ? await this.#ask(name, auth) : { context: this.#registry.first };
    if (typeof auth === "object" && auth !== null) this.#known.set(auth, found);
    return found;
  }

  async #ask(name: string, auth: unknown): Promise<ClientGuard> {
    const generation = this.#generation;
    const found = await this.#registry.find(name, auth);
    return generation === this.#generation ? found : { context: this.#registry.first, fault: unknownGuard() };
  }

  /**
   * The guard of a socket. INVARIANT: if the guard depends on the client and was not looked up, the socket is refused.
   */
  of(namespace: BareNamespace, socket: BareSocket): ClientGuard {
    const cover = this.#registry.coverOf(namespace);
    if (cover !== BY_CLIENT) return { context: cover };
    // A middleware may replace `auth`.
    const known = this.#known.get(socket) ?? this.#known.get(Object(socket.handshake.auth));
    if (known === undefined) return { context: this.#registry.first, fault: unknownGuard() };
    this.#known.set(socket, known);
    return known;
  }

  /** The guard that answers for a CONNECT without a socket. */
  ofRequest(namespace: BareNamespace): SocketGuardContext | undefined {
    const cover = this.#registry.coverOf(namespace);
    return cover === BY_CLIENT ? this.#registry.fallback : cover;
  }

  /** True when an open socket is, or may be, covered by a new guard. */
  isConcerned(context: SocketGuardContext, namespace: BareNamespace, { handshake }: BareSocket): boolean {
    const cover = this.#registry.coverOf(namespace);
    if (cover !== BY_CLIENT) return cover === context;
    const found = this.#registry.find(namespace.name, handshake.auth);
    return found instanceof Promise || found.context === context;
  }

  /** Describes the socket with that id, whose connection breaks. */
  keptAt(namespace: BareNamespace, id: string): Kept | undefined {
    const socket = namespace.sockets.get(id);
    if (socket === undefined) return undefined;
    const { context } = this.of(namespace, socket);
    return context === undefined ? { principal: UNGUARDED } : context.connections.get(socket)?.recovery.kept;
  }
}

function unknownGuard(): Decision {
  return decisionFromError(new PermissionMisuse("nobody was asked which guard this client has"), "guard");
}
