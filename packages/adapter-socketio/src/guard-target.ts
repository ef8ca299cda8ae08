import { PermissionMisuse } from "@portcullis/core";
import { type Namespace, type Server, Socket } from "socket.io";
import { type BareNamespace, type BareServer, lacking, lackOf } from "./socketio-internals.js";

const OF_SERVER = ["bind", "of", "_checkNamespace"];
const OF_NAMESPACE = ["_add", "run", "_doConnect", "_remove"];

const isServer = (value: unknown): value is BareServer => Object(value)._nsps instanceof Map;

/** The server or the namespace to guard. */
export interface Target {
  readonly io: BareServer;
  /** `undefined` stands for all namespaces. */
  readonly namespace: BareNamespace | undefined;
}

/**
 * Checks the subject of a guard.
 *
 * @throws {PermissionMisuse} When it is neither a server nor a namespace of socket.io, or lacks an internal method.
 */
export function readTarget(caller: string, subject: unknown): Target {
  const { server, sockets } = Object(subject) as Partial<Namespace & Server> & { server?: unknown };
  const isNamespace = sockets instanceof Map && isServer(server);
  const io: unknown = isNamespace ? server : subject;
  if (!isServer(io)) {
    throw new PermissionMisuse(
      `${caller} needs a Server of socket.io or one of its namespaces, as in ${caller.slice(0, -1)}io, ...)`,
    );
  }
  const missing = lacking(io, OF_SERVER) ?? lacking(io.sockets, OF_NAMESPACE) ?? lackOf(Socket.prototype);
  if (missing !== undefined) {
    throw new PermissionMisuse(
      `${caller}: this version of socket.io has no \`${missing}\`, where a guard must stand: use socket.io 4.7 or a later 4.x`,
    );
  }
  return { io, namespace: isNamespace ? (subject as BareNamespace) : undefined };
}

/** The name of a guarded subject, the same in every process that creates its namespaces in the same order. */
export function nameOf({ io, namespace }: Target): string {
  if (namespace === undefined) return "server";
  if (!namespace.children) return `namespace ${namespace.name}`;
  for (const [pattern, child] of io.parentNamespacesFromRegExp ?? []) {
    if (child === namespace) return `pattern ${pattern}`;
  }
  return `function ${[...io.parentNsps.values()].indexOf(namespace)}`;
}
