import type { Decision } from "@portcullis/core";
import { decisionFromError } from "@portcullis/core/adapter";
import { openAnswerHeaders, refusalResponse, takeAnswerHeaders } from "@portcullis/core/frames";
import type { Hooks } from "crossws";
import type { PeerConnection } from "./connection.js";

const OFFER = "sec-websocket-protocol";

type UpgradeAnswer = Awaited<ReturnType<Hooks["upgrade"]>>;
type Accepted = Extract<UpgradeAnswer, { context?: unknown }>;

/**
 * Answers an upgrade: the hook of the application is called for an admitted one.
 *
 * @param pair Returns the context that leads from the upgrade to its peer.
 * @throws {Response} The refusal. crossws gives a thrown one precedence over the answers of other hooks.
 */
export async function answerUpgrade(connection: PeerConnection, pair: () => object): Promise<UpgradeAnswer> {
  const { guarding, request } = connection;
  openAnswerHeaders(request);
  const decision = await decide(connection);
  if (decision.outcome === "allow") {
    const added = takeAnswerHeaders(request);
    const answer = await askApplication(connection);
    if (answer instanceof Response || answer?.handled) return answer;
    const { protocol, headers } = (answer ?? {}) as Accepted;
    connection.isProtocolOpen = request.headers.has(OFFER) && !protocol && !new Headers(headers).has(OFFER);
    return withHeaders({ ...answer, context: { ...answer?.context, ...pair() } }, added);
  }
  if (guarding.refuse !== "close" || connection.isAborted) throw responseTo(connection, decision);
  connection.refused = decision;
  return withHeaders({ context: { ...pair() } }, [...takeAnswerHeaders(request), ...firstProtocol(request)]);
}

/** A browser learns the close code only where the server has chosen one of the subprotocols that it offered. */
function firstProtocol({ headers }: PeerConnection["request"]): (readonly [string, string])[] {
  const first = headers.get(OFFER)?.split(",")[0];
  return first ? [[OFFER, first]] : [];
}

/** Decides an upgrade. A client that leaves earlier aborts it. Never rejects. */
async function decide(connection: PeerConnection): Promise<Decision> {
  const { socket, request } = connection;
  const leave = () => connection.abort();
  // Node ends the process where a socket has an error and no listener, and has removed its own before the upgrade.
  socket?.on("error", () => undefined);
  socket?.on("end", leave).on("close", leave);
  request.signal?.addEventListener("abort", leave);
  connection.evaluation = connection.guarding.gate.admit(connection);
  const { decision } = await connection.evaluation.result;
  socket?.off("end", leave).off("close", leave);
  request.signal?.removeEventListener("abort", leave);
  return decision;
}

/** Calls the hook of the application. One that answers the upgrade itself, or throws, admits nobody. */
async function askApplication(connection: PeerConnection): Promise<UpgradeAnswer> {
  try {
    const answer = await connection.guarding.hooks.upgrade?.(connection.request);
    if (answer instanceof Response || answer?.handled) connection.evaluation?.abort();
    return answer;
  } catch (error) {
    connection.evaluation?.abort();
    // crossws on Node tells nobody.
    if (!(error instanceof Response)) connection.evaluation?.reject(decisionFromError(error, "upgrade"));
    throw error;
  }
}

/** The response to a refused upgrade. A runtime that gives no socket away cannot cut off a client that was aborted. */
function responseTo({ guarding, request, isAborted }: PeerConnection, decision: Decision): Response {
  // crossws sends no length on Node, so only the end of the connection ends the body.
  const close: [string, string] = ["connection", "close"];
  if (isAborted) return new Response(null, { status: 408, headers: [close] });
  const { status, headers, body } = refusalResponse(request, decision, guarding.challenge);
  return new Response(body, { status, headers: [...headers, close] as [string, string][] });
}

/** Adds the headers of rules to the response of an accepted upgrade. */
function withHeaders(answer: Accepted, added: readonly (readonly [string, string])[]): Accepted {
  if (added.length === 0) return answer;
  const headers = new Headers(answer.headers as Record<string, string>);
  for (const [name, value] of added) headers.append(name, value);
  return { ...answer, headers };
}
