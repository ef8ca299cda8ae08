import type { IncomingMessage } from "node:http";
import { PermissionMisuse } from "@portcullis/core";

type Callback = (error?: unknown, session?: unknown) => void;

/** What is used of a store of express-session. */
interface Store {
  get(id: string, callback: Callback): void;
  set(id: string, session: unknown, callback?: Callback): void;
  touch?(id: string, session: unknown, callback?: Callback): void;
  regenerate(request: IncomingMessage, callback: Callback): void;
}

/**
 * Lets middlewares whose cookies reach nobody change a session only where it is still there: what a message writes back
 * after a logout would sign the client in again, and what it creates no cookie would lead to. An unmodified session is touched,
 * whatever `resave` says. express-session writes by `request.sessionStore`; the store itself stays as it is.
 */
export function limitSessionWrites(request: IncomingMessage): void {
  Object.defineProperty(request, "sessionStore", STORE);
}

/** One for all requests, since most chains have no session. */
const STORE: PropertyDescriptor & ThisType<IncomingMessage> = {
  configurable: true,
  get: () => undefined,
  set(store: unknown) {
    const loaded = watchSession(this);
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

/** By session: what it was when the request got it. */
type Loaded = WeakMap<object, string | undefined>;

function watchSession(request: IncomingMessage): Loaded {
  const loaded: Loaded = new WeakMap();
  let session = (request as { session?: unknown }).session;
  Object.defineProperty(request, "session", {
    configurable: true,
    enumerable: true,
    get: () => session,
    set: (value: unknown) => {
      session = value;
      if (typeof value === "object" && value !== null) loaded.set(value, contentOf(value));
    },
  });
  return loaded;
}

/** The content of a session, without its cookie, whose expiry every request moves. */
function contentOf(session: unknown): string | undefined {
  return JSON.stringify(session, function (this: unknown, key: string, value: unknown) {
    return this === session && key === "cookie" ? undefined : value;
  });
}

/** The store, but for what it does with a session that is to be written. */
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
      // A class may keep private fields, which are not those of the proxy.
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

/** INVARIANT: between the answer that the session is there and the write nothing is waited for. */
function write(store: Store, loaded: Loaded, { id, session, callback }: SessionWrite): void {
  // As it is now: the store may answer when it has changed again.
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
 * Replaces a session that is stored nowhere. INVARIANT: one that the client has a cookie of stays: its new cookie would
 * not reach the client, who would be signed out over HTTP too.
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

/** Some stores answer with an error where a session is gone. */
function isGone(error: unknown, found: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === "ENOENT" || (!error && !found);
}
