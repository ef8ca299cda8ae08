import type { Decision } from "@portcullis/core";
import { openAnswerHeaders, Timeout, takeAnswerHeaders } from "@portcullis/core/adapter";
import type { Hooks } from "crossws";
import { type Guarding, PeerConnection } from "./connection.js";
import type { PeerRegistry } from "./peers.js";
import { refusalResponse } from "./refusal-response.js";
import type { UpgradeRequest } from "./upgrade-facts.js";

type UpgradeAnswer = Awaited<ReturnType<Hooks["upgrade"]>>;
type Accepted = Extract<UpgradeAnswer, { context?: unknown }>;

const NO_SOCKET =
  "an upgrade on Node came without its socket, so that a client can end the process by a reset: serve with crossws/server, or give handleUpgrade() a NodeRequest of srvx with { req, upgrade: { socket, head } }";

/**
 * Answers an upgrade: the hook of the application is called for an admitted one.
 *
 * @throws {Response} The refusal. crossws gives a thrown one precedence over the answers of other hooks.
 */
export async function answerUpgrade(
  guarding: Guarding,
  peers: PeerRegistry,
  request: UpgradeRequest,
): Promise<UpgradeAnswer> {
  const connection = new PeerConnection(guarding, request);
  if (connection.facts.isBare) guarding.unguarded.add(NO_SOCKET);
  openAnswerHeaders(request);
  const decision = await decide(connection);
  const added = takeAnswerHeaders(request);
  // A runtime that gives no socket away cannot cut the client off.
  if (connection.isLate) throw new Response(null, { status: 408, headers: { connection: "close" } });
  if (decision.outcome !== "allow") {
    if (guarding.refuse !== "close" || connection.isAborted) throw refusalResponse(decision, guarding.challenge, added);
    connection.refused = decision;
    return withHeaders({ context: peers.contextOf(request, connection) }, added);
  }
  let answer: UpgradeAnswer;
  try {
    answer = await guarding.hooks.upgrade?.(request);
  } catch (error) {
    connection.abort();
    throw error;
  }
  if (answer instanceof Response || answer?.handled) {
    connection.abort();
    return answer;
  }
  const context = { ...answer?.context, ...peers.contextOf(request, connection) };
  return withHeaders({ ...answer, context }, added);
}

/** Decides an upgrade, within `limits.handshake`. A client that leaves earlier aborts it. Never rejects. */
async function decide(connection: PeerConnection): Promise<Decision> {
  const { gate } = connection.guarding;
  const { signal } = connection.request;
  const { socket } = connection.facts;
  const leave = () => connection.abort();
  const timeout = new Timeout(gate.limits.handshake, () => {
    connection.isLate = true;
    leave();
    socket?.destroy();
  });
  // Node ends the process where a socket has an error and no listener, and has removed its own before the upgrade.
  socket?.on("error", () => undefined);
  socket?.on("end", leave);
  socket?.on("close", leave);
  signal?.addEventListener("abort", leave);
  connection.evaluation = gate.admit(connection);
  if (connection.isAborted) connection.evaluation.abort();
  const { decision } = await connection.evaluation.result;
  timeout.cancel();
  socket?.off("end", leave);
  socket?.off("close", leave);
  signal?.removeEventListener("abort", leave);
  return decision;
}

/** Adds the headers of rules to the response of an accepted upgrade. */
function withHeaders(answer: Accepted, added: ReturnType<typeof takeAnswerHeaders>): Accepted {
  if (added.length === 0) return answer;
  const headers = new Headers(answer.headers as Record<string, string>);
  for (const [name, value] of added) headers.append(name, value);
  return { ...answer, headers };
}
