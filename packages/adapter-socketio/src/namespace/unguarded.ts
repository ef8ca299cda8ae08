import { isPromise } from "node:util/types";
import { throwAsync } from "@portcullis/core/adapter";
import type { EngineConnection } from "../engine/engine-connection.js";
import type { BareNamespace, BareSocket, Done } from "../socketio-internals.js";
import { isFree, keptOf, restoreRecovery, takeRecovery, UNGUARDED } from "./state-recovery.js";

/** The decision about a client without a guard. */
export interface UnguardedAdmission {
  /** Runs the middlewares of the application. */
  readonly middlewares: (next: Done) => void;
  readonly done: Done;
  /** Makes a refusal from a thrown error. */
  readonly refusalOf: (error: unknown) => Error;
}

/** Lets the middlewares of the application decide about a client without a guard, and restores its session. */
export function admitUnguarded(socket: BareSocket, engine: EngineConnection, admission: UnguardedAdmission): void {
  const { middlewares, done, refusalOf } = admission;
  const stopWaiting = engine.timeout.waitForOthers();
  let isDone = false;
  const answer: Done = (error) => {
    if (isDone) return;
    isDone = true;
    done(error);
    // socket.io opens it in the next tick.
    process.nextTick(stopWaiting);
  };
  const fail = (error: unknown) => answer(refusalOf(error));
  const proceed = () => {
    try {
      middlewares(answer);
    } catch (error) {
      fail(error);
    }
  };
  const recovery = takeRecovery(socket);
  const isSame = recovery && isFree(recovery, socket) && keptOf(recovery).principal === UNGUARDED;
  if (!isSame) proceed();
  else
    restoreRecovery(socket, recovery, () => true)
      .then(proceed, fail)
      .catch(throwAsync);
}

/** A view of a namespace whose middlewares send rejections to `fail`, because socket.io awaits no promise. */
export function withWatchedMiddlewares(namespace: BareNamespace, fail: (error: unknown) => void): BareNamespace {
  if (!Array.isArray(namespace._fns)) return namespace;
  const fns = namespace._fns.map((middleware) => (socket: unknown, next: unknown) => {
    const returned = middleware(socket, next);
    if (isPromise(returned)) returned.catch(fail);
  });
  return Object.create(namespace, { _fns: { value: fns } }) as BareNamespace;
}
