import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { limitsOf, StubConnection } from "../../test/stub-connection.js";
import type { BareEngine } from "../socketio-internals.js";
import { EngineConnections } from "./engine-connections.js";

const connections = () => new EngineConnections(() => ({ limits: limitsOf(), isFair: true }));

describe("the connection of a watched engine", () => {
  test("is tracked before a prepended listener", () => {
    const all = connections();
    const engine = new EventEmitter();
    const connection = new StubConnection();
    const found: unknown[] = [];
    all.watch(engine as BareEngine);
    engine.prependListener("connection", (...values) => found.push(values, all.find(connection.bare)));
    expect(engine.emit("connection", connection, 1)).toBe(true);
    expect(found).toEqual([[connection, 1], all.of(connection.bare)]);
    expect(found[1]).toBeDefined();
  });

  test("is tracked where the engine has no `emit`", () => {
    const all = connections();
    const connection = new StubConnection();
    let listener: (connection: never) => void = () => {};
    const on = (_event: "connection", given: typeof listener) => {
      listener = given;
    };
    const engine = { on };
    all.watch(engine as unknown as BareEngine);
    expect("emit" in engine).toBe(false);
    listener(connection as never);
    expect(all.find(connection.bare)).toBeDefined();
  });

  test("is tracked once, however often the engine is watched", () => {
    const all = connections();
    const engine = new EventEmitter();
    all.watch(engine as BareEngine);
    const { emit } = engine;
    all.watch(engine as BareEngine);
    expect([engine.emit === emit, engine.listenerCount("connection")]).toEqual([true, 1]);
  });
});

test("other events of an engine track nothing", () => {
  const all = connections();
  const engine = new EventEmitter();
  const connection = new StubConnection();
  all.watch(engine as BareEngine);
  expect(engine.emit("other", connection)).toBe(false);
  expect(all.find(connection.bare)).toBeUndefined();
});

test("a connection has one tracker", () => {
  const all = connections();
  const { bare } = new StubConnection();
  expect(all.find(bare)).toBeUndefined();
  const tracked = all.of(bare);
  expect([all.of(bare) === tracked, all.find(bare) === tracked]).toEqual([true, true]);
});
