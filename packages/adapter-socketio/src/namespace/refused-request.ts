import type { Decision } from "@portcullis/core";
import { ConnectionConsumer } from "@portcullis/core/adapter";
import type { EngineConnection } from "../engine/engine-connection.js";
import type { BareClient } from "../socketio-internals.js";
import type { GuardContext } from "./guard-context.js";
import { type HandshakeSocket, NamespaceHandshake, NamespaceScope } from "./scope.js";

/** A request for a namespace that has no socket yet. */
export interface NamespaceRequest {
  readonly client: BareClient;
  readonly name: string;
  /** The `auth` of the client. */
  readonly auth: unknown;
}

/** Reports a refusal to `onDecision`, with the scope of a handshake in which nobody is authenticated. */
export function reportRefusal(
  { gate }: GuardContext,
  { facts }: EngineConnection,
  { client, name, auth }: NamespaceRequest,
  decision: Decision,
): void {
  const socket = {
    handshake: { issued: Date.now(), auth: typeof auth === "object" && auth !== null ? auth : {} },
    request: client.conn.request,
    nsp: { name },
  };
  const handshake = new NamespaceHandshake(socket as unknown as HandshakeSocket, facts);
  const { transport } = handshake;
  const consumer = new ConnectionConsumer({ transport, socket: undefined, session: undefined, abandon() {} });
  const about = { scope: new NamespaceScope(handshake, { user: null }), consumer };
  gate.report("connect", "connect", decision, about, undefined, gate.now());
}
