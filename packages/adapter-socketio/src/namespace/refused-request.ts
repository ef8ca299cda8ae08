import type { Decision, Scope } from "@portcullis/core";
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

/** A connection that is refused before it has a socket. */
class RefusedConnection extends NamespaceHandshake {
  readonly raw = undefined;

  constructor(
    readonly client: HandshakeSocket,
    facts: EngineConnection["facts"],
  ) {
    super(client, facts);
  }

  createScope(extra: Readonly<Record<string, unknown>>): Scope {
    return new NamespaceScope(this, extra);
  }

  abort(): void {}
}

/** Reports a refusal to `onDecision`, with the scope of an anonymous handshake. */
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
  // A connection that is refused before it is open needs no other methods.
  gate.admit(new RefusedConnection(socket as unknown as HandshakeSocket, facts) as never, decision);
}
