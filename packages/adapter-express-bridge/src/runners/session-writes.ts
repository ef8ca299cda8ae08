import type { IncomingMessage, ServerResponse } from "node:http";
import { PermissionMisuse } from "@portcullis/core";
import { type HttpPair, leaveAlone } from "./unmodified-session.js";

type Callback = (error?: unknown, session?: unknown) => void;

/** The methods that are used of an express-session store. */
interface Store {
  get(id: string, callback: Callback): void;
  set(id: string, session: unknown, callback?: Callback): void;
  touch?(id: string, session: unknown, callback?: Callback): void;
  regenerate(request: IncomingMessage, callback: Callback): void;
}

/**
 * Limits the session writes of middlewares whose cookies do not reach the client. A session is changed only while the
 * store still has it. Otherwise a message that ends after a logout would sign the client in again, and no cookie would
 * lead to a new session. An unmodified session is touched, regardless of `resave`. express-session writes by
 * `request.sessionStore`. The store itself is not changed.
 *
 * @param isIdle True when no activity of the user is behind the request. The session keeps its end then, and the store
 *   hears nothing of one that is unmodified, so that an open page does not prolong its login for ever.
 */
export function limitSessionWrites({ request, response }: HttpPair, isIdle: boolean): void {
  Object.defineProperty(request, "sessionStore", isIdle ? idleStoreProperty(response) : STORE);
}

/** One descriptor for all requests, since most chains have no session. */
const STORE = storeProperty();

function idleStoreProperty(response: ServerResponse): PropertyDescriptor {
  return storeProperty((request, loaded) => {
    leaveAlone({ request, response }, () => {
      const { session } = request as { session?: object };
      return session !== undefined && loaded.get(session) === contentOf(session);
    });
  });
}

/** @param whenSet Called for a request of an idle client, when express-session begins with it. */
function storeProperty(
  whenSet?: (request: IncomingMessage, loaded: Loaded) => void,
): PropertyDescriptor & ThisType<IncomingMessage> {
  return {
    configurable: true,
    get: () => undefined,
    set(store: unknown) {
      const loaded = watchSession(this, whenSet !== undefined);
      whenSet?.(this, loaded);
      let limited = limit(store, loaded);
      Object.defineProperty(this, "sessionStore", {
        configurable: true,
        enumerable: true,
        get: () => limited,
        set: (other: unknown) => {
          limited = limit(other, loaded);
        },
      });
    },
  };
}

/** The content of each session when the request got it. */
type Loaded = WeakMap<object, string | undefined>;

function watchSession(request: IncomingMessage, isIdle: boolean): Loaded {
  const loaded: Loaded = new WeakMap();
  let session = (request as { session?: unknown }).session;
  Object.defineProperty(request, "session", {
    configurable: true,
    enumerable: true,
    get: () => session,
    set: (value: unknown) => {
      session = value;
      if (typeof value !== "object" || value === null) return;
      loaded.set(value, contentOf(value));
      // express-session calls it at the end of each request, to set the end of the session anew.
      if (isIdle) Object.defineProperty(value, "touch", { configurable: true, writable: true, value: () => value });
    },
  });
  return loaded;
}

/** The content of a session without its cookie, because every request changes the expiry of the cookie. */
function contentOf(session: unknown): string | undefined {
  return JSON.stringify(session, function (this: unknown, key: string, value: unknown) {
    return this === session && key === "cookie" ? undefined : value;
  });
}

/** Wraps a store so that `set` and `regenerate` are limited. */
function limit(store: unknown, loaded: Loaded): unknown {
  if (typeof store !== "object" || store === null) return store;
  const set = (id: string, session: object, callback: Callback = () => {}) =>
    write(store as Store, loaded, { id, session, callback });
  const regenerate = (request: IncomingMessage, callback: Callback) => rotate(store as Store, request, callback);
  return new Proxy(Object.create(store), {
    get(_target, key) {
      if (key === "set") return set;
      if (key === "regenerate") return regenerate;
      const value: unknown = Reflect.get(store, key);
      // Methods are bound to the store, because the proxy does not have its private fields.
      return typeof value === "function" && key !== "constructor" ? value.bind(store) : value;
    },
    set: (_target, key, value) => Reflect.set(store, key, value),
  });
}

/** One call of `set`. */
interface SessionWrite {
  readonly id: string;
  readonly session: object;
  readonly callback: Callback;
}

/** INVARIANT: nothing is awaited between the store's answer that the session exists and the write. */
function write(store: Store, loaded: Loaded, { id, session, callback }: SessionWrite): void {
  // Compared now, because the session may have changed again when the store answers.
  const isModified = loaded.get(session) !== contentOf(session);
  store.get(id, (error, found) => {
    if (isGone(error, found)) callback();
    else if (error) callback(error);
    else if (isModified) store.set(id, session, callback);
    else if (typeof store.touch === "function") store.touch(id, session, callback);
    else callback();
  });
}

/**
 * Regenerates a session that the store does not have. INVARIANT: a stored session, whose cookie the client has, is
 * kept. The cookie of a new one would not reach the client, who would be signed out over HTTP too.
 */
function rotate(store: Store, request: IncomingMessage, callback: Callback): void {
  store.get((request as { sessionID?: unknown }).sessionID as string, (error, found) => {
    if (isGone(error, found)) store.regenerate(request, callback);
    else callback(error || cannotRotate());
  });
}

function cannotRotate(): PermissionMisuse {
  return new PermissionMisuse(
    "a middleware has called session.regenerate() where the cookie of the new session cannot reach the client: rotate sessions at connect or over HTTP, and leave that middleware out of the rules of actions",
  );
}

/** True when a session is gone. Some stores report that as an error. */
function isGone(error: unknown, found: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === "ENOENT" || (!error && !found);
}
