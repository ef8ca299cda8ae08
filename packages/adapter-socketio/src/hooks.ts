import { PermissionMisuse } from "@portcullis/core";
import type { Limits } from "@portcullis/core/adapter";
import {
  type BareConnection,
  type BareEngine,
  type BareNamespace,
  type BareServer,
  type BareSocket,
  override,
  type Target,
} from "./bare.js";
import { Connection, type Front } from "./connection.js";
import { Line } from "./line.js";
import { withhold } from "./recovery.js";
import { takeTurns } from "./turns.js";

/** Where a server keeps its hooks, across copies of this package. */
const HOOKS = Symbol.for("@portcullis/adapter-socketio/hooks");

/** What stands in all namespaces of one server, and which guard each of them has. */
export class Hooks {
  #wide: Front | undefined;
  /** By name of the namespace, since one that is cleaned up may come again; or by the parent of namespaces. */
  readonly #own = new Map<string | BareNamespace, Front>();
  readonly #parents = new WeakMap<BareNamespace, BareNamespace>();
  readonly #lines = new WeakMap<BareConnection, Line>();
  readonly #hooked = new WeakMap<BareNamespace, Pick<BareNamespace, "_add" | "run" | "_doConnect">>();

  /** The hooks of a server; they are put there when it is guarded first. */
  static of(io: BareServer): Hooks {
    const place = io as BareServer & { [HOOKS]?: Hooks };
    if (place[HOOKS] === undefined) Object.defineProperty(io, HOOKS, { value: new Hooks(io) });
    return place[HOOKS] as Hooks;
  }

  private constructor(private readonly io: BareServer) {
    const { connectionStateRecovery } = io.opts;
    // Else a connection that is resumed would be open before anybody is asked.
    if (connectionStateRecovery) connectionStateRecovery.skipMiddlewares = false;
    for (const namespace of io._nsps.values()) this.#hook(namespace);
    // Not by an event: whoever removes all listeners would open what comes later.
    const { set } = io._nsps;
    override(io._nsps, "set", (name, namespace) => {
      set.call(io._nsps, name, namespace);
      this.#hook(namespace);
      return io._nsps;
    });
    const { bind, engine } = io;
    if (engine) this.#watch(engine);
    override(io, "bind", (next) => {
      this.#watch(next);
      return bind.call(io, next);
    });
  }

  /**
   * Puts a guard in force.
   *
   * @throws {PermissionMisuse} When there is one already.
   */
  add(place: string, { namespace }: Target, front: Front): void {
    if (namespace === undefined ? this.#wide : this.#own.has(keyOf(namespace))) {
      const what = namespace === undefined ? "this server" : `the namespace "${namespace.name}"`;
      throw new PermissionMisuse(`${place}: ${what} is guarded already: guard it once`);
    }
    if (namespace === undefined) this.#wide = front;
    else this.#own.set(keyOf(namespace), front);
    for (const each of this.io._nsps.values()) {
      if (this.frontOf(each) === front) for (const socket of [...each.sockets.values()]) expel(socket);
    }
  }

  /** The guard of a namespace: its own, or that of its parent, or that of the server. */
  frontOf(namespace: BareNamespace): Front | undefined {
    const parent = this.#parents.get(namespace);
    return this.#own.get(keyOf(namespace)) ?? (parent && this.#own.get(parent)) ?? this.#wide;
  }

  /** Whether the hooks of a namespace are where they were put. */
  isHooked(namespace: BareNamespace): boolean {
    const hooked = this.#hooked.get(namespace);
    return (["_add", "run", "_doConnect"] as const).every((name) => hooked?.[name] === namespace[name]);
  }

  #hook(namespace: BareNamespace): void {
    for (const parent of this.io.parentNsps.values()) {
      if (parent.children?.has(namespace)) this.#parents.set(namespace, parent);
    }
    const { _add: add, run, _doConnect: connect } = namespace;
    const hooked: Pick<BareNamespace, "_add" | "run" | "_doConnect"> = {
      _add: async (client, auth, whenOpen) => {
        const front = this.frontOf(namespace);
        const line = this.#lineOf(client.conn);
        line.meet(client, (name) => this.io._nsps.has(name), front?.gate.limits ?? this.#limits);
        if (front && !line.begin(namespace.name, front.gate.limits)) return;
        await line.leaving(namespace.name);
        if (front) withhold(namespace.adapter, (id) => this.#principalOf(namespace, id));
        await add.call(namespace, client, auth, whenOpen);
      },
      run: (socket, done) => {
        const middlewares = (next: typeof done) => run.call(namespace, socket, next);
        const front = this.frontOf(namespace);
        if (front) this.#connectionOf(front, socket).admit(middlewares, done);
        else middlewares(done);
      },
      _doConnect: (socket, whenOpen) => {
        const proceed = () => connect.call(namespace, socket, whenOpen);
        const front = this.frontOf(namespace);
        if (front) this.#connectionOf(front, socket).open(proceed);
        else proceed();
      },
    };
    for (const name of ["_add", "run", "_doConnect"] as const) override(namespace, name, hooked[name] as never);
    this.#hooked.set(namespace, hooked);
  }

  #connectionOf(front: Front, socket: BareSocket): Connection {
    let connection = front.connections.get(socket);
    if (connection === undefined) {
      connection = new Connection(front, socket, this.#lineOf(socket.conn));
      front.connections.set(socket, connection);
    }
    return connection;
  }

  #principalOf(namespace: BareNamespace, id: string): string | undefined {
    const socket = namespace.sockets.get(id);
    return socket && this.frontOf(namespace)?.connections.get(socket)?.principal;
  }

  #watch(engine: BareEngine): void {
    engine.on("connection", (connection) => this.#lineOf(connection));
  }

  #lineOf(connection: BareConnection): Line {
    let line = this.#lines.get(connection);
    if (line === undefined) {
      line = new Line(connection, this.#limits);
      this.#lines.set(connection, line);
      if (this.#isTurning) takeTurns(connection);
    }
    return line;
  }

  /** Whether a guard wants clients to take turns. */
  get #isTurning(): boolean {
    return [this.#wide, ...this.#own.values()].some((front) => front?.options.turns);
  }

  /** Of a client that has not said yet where it wants to go: those of the server's guard, else the longest. */
  get #limits(): Required<Limits> {
    const all = [...this.#own.values()].map(({ gate }) => gate.limits);
    const [longest] = all.sort((one, other) => other.handshake - one.handshake);
    return this.#wide?.gate.limits ?? (longest as Required<Limits>);
  }
}

const keyOf = (namespace: BareNamespace) => (namespace.children ? namespace : namespace.name);

/** A socket that was open before anybody was asked: nothing of it reaches a handler any more. */
function expel(socket: BareSocket): void {
  override(socket, "onevent", () => {});
  socket.disconnect();
}
