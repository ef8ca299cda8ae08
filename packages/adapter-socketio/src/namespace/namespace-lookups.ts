import { isPromise } from "node:util/types";
import type { Decision } from "@portcullis/core";
import { connectionBeingRead, type EngineConnection } from "../engine/engine-connection.js";
import type { BareNamespace, BareServer, Decide } from "../socketio-internals.js";
import { override } from "../socketio-internals.js";
import { authTooLarge } from "./refusal.js";
import type { NamespaceRequest } from "./refused-request.js";

/** Receives events of namespace lookups. */
export interface LookupListener {
  /** A function of the application failed. */
  fault(error: unknown): void;
  /** A client is refused before any function is asked. */
  refused(engine: EngineConnection, request: NamespaceRequest, decision: Decision): void;
}

/**
 * Counts the calls of the application's functions that decide if a namespace exists for a client. Their errors do not
 * end the process, although socket.io handles no promise of theirs.
 *
 * @param listener Receives their errors, and the clients that the limits refuse.
 */
export function watchLookups(io: BareServer, listener: LookupListener): void {
  const check = io._checkNamespace;
  override(io, "_checkNamespace", (name, auth, found) => {
    if (io.parentNsps.size === 0) {
      check.call(io, name, auth, found);
      return;
    }
    let end: (() => void) | undefined;
    let isFound = false;
    const once = (namespace: BareNamespace | false) => {
      if (isFound) return;
      isFound = true;
      end?.();
      found(namespace);
    };
    const engine = connectionBeingRead();
    const lookup = engine ? engine.beginLookup(name, auth) : () => {};
    if (lookup === "destroyed") return;
    if (lookup === "large") {
      const client = engine?.membership.client;
      if (engine && client) listener.refused(engine, { client, name, auth }, authTooLarge());
    } else if (lookup === "often") once(false);
    else {
      end = lookup;
      const fail = (error: unknown) => {
        listener.fault(error);
        once(false);
      };
      check.call(viewOf(io, fail), name, auth, once);
    }
  });
}

/**
 * A view of the server whose functions throw nothing and answer once. A function that fails refuses, and no function
 * after it is called.
 */
function viewOf(io: BareServer, fail: (error: unknown) => void): BareServer {
  const parents = [...io.parentNsps].map(([decide, parent]) => [careful(decide, fail), parent] as const);
  return Object.create(io, { parentNsps: { value: new Map(parents) } }) as BareServer;
}

function careful(decide: Decide, fail: (error: unknown) => void): Decide {
  return (name, auth, next) => {
    let isAnswered = false;
    const failed = (error: unknown) => {
      isAnswered = true;
      fail(error);
    };
    try {
      const returned = decide(name, auth, (error, isAccepted) => {
        if (isAnswered) return;
        isAnswered = true;
        next(error, isAccepted);
      });
      if (isPromise(returned)) returned.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
