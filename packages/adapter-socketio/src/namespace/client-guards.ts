import { type Decision, PermissionMisuse } from "@portcullis/core";
import { decisionFromError } from "@portcullis/core/adapter";
import type { BareNamespace, BareSocket } from "../socketio-internals.js";
import { BY_CLIENT, type ClientGuard, type GuardRegistry, type SocketGuardContext } from "./guard-registry.js";
import { principalOf } from "./identity.js";
import { UNGUARDED } from "./state-recovery.js";

/** The guard of each client, also in namespaces where the guard depends on the client. */
export class ClientGuards {
  readonly #registry: GuardRegistry;
  /** By the `auth` of a client until it has a socket, then by the socket. */
  #known = new WeakMap<object, ClientGuard>();
  /** Counts the guards in force: what was found before the last one does not count. */
  #generation = 0;

  constructor(registry: GuardRegistry) {
    this.#registry = registry;
  }

  /** Forgets all clients, because another guard is in force: those on the way in are refused. */
  reset(): void {
    this.#known = new WeakMap();
    this.#generation += 1;
  }

  /** Finds the guard of a client. INVARIANT: a guard that is put in force meanwhile is not bypassed. */
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

  /** The guard of a socket. INVARIANT: where it depends on the client and was not looked for, it refuses. */
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

  /** True when an open socket is behind a new guard, or may be. */
  isConcerned(context: SocketGuardContext, namespace: BareNamespace, { handshake }: BareSocket): boolean {
    const cover = this.#registry.coverOf(namespace);
    if (cover !== BY_CLIENT) return cover === context;
    const found = this.#registry.find(namespace.name, handshake.auth);
    return found instanceof Promise || found.context === context;
  }

  /** The principal behind the socket of that id, as a text. */
  principalAt(namespace: BareNamespace, id: string): string | undefined {
    const socket = namespace.sockets.get(id);
    if (socket === undefined) return undefined;
    const { context } = this.of(namespace, socket);
    if (context === undefined) return UNGUARDED;
    const session = context.connections.get(socket)?.session;
    return session && principalOf(context.name, session.scope);
  }
}

function unknownGuard(): Decision {
  return decisionFromError(new PermissionMisuse("nobody was asked which guard this client has"), "guard");
}
