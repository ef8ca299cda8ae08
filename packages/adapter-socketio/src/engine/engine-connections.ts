import type { Limits } from "@portcullis/core";
import { type BareConnection, type BareEngine, override } from "../socketio-internals.js";
import { EngineConnection } from "./engine-connection.js";

/** Options of the connections of one server, which may change as guards are added. */
export interface EngineConnectionOptions {
  /** The limits of a client that has not asked for a namespace yet. */
  readonly limits: Required<Limits>;
  /** True when clients take turns. */
  readonly isFair: boolean;
}

/** All connections of the engines of one server. */
export class EngineConnections {
  readonly #engines = new WeakSet<BareEngine>();
  readonly #connections = new WeakMap<BareConnection, EngineConnection>();
  readonly #readOptions: () => EngineConnectionOptions;

  constructor(readOptions: () => EngineConnectionOptions) {
    this.#readOptions = readOptions;
  }

  /**
   * Tracks each connection of an engine before any listener of the application runs. INVARIANT: a listener alone is not
   * enough, because the application may prepend one.
   */
  watch(engine: BareEngine): void {
    if (this.#engines.has(engine)) return;
    this.#engines.add(engine);
    engine.on("connection", (connection) => this.of(connection));
    const { emit } = engine;
    if (typeof emit !== "function") return;
    override(engine, "emit", (event, ...values) => {
      if (event === "connection") this.of(values[0] as BareConnection);
      return emit.call(engine, event, ...values);
    });
  }

  of(connection: BareConnection): EngineConnection {
    let tracked = this.#connections.get(connection);
    if (tracked === undefined) {
      const { limits, isFair } = this.#readOptions();
      tracked = new EngineConnection(connection, limits, isFair);
      this.#connections.set(connection, tracked);
    }
    return tracked;
  }

  /** The tracked connection, or `undefined`. */
  find(connection: BareConnection): EngineConnection | undefined {
    return this.#connections.get(connection);
  }
}
