import { io } from "socket.io-client";
import { requestFor } from "../public/shared/routes.js";
import { ChatClient, signIn } from "./chat-client.js";

/** An answer in the fields that all transports have. */
export interface Answer {
  status: number;
  code: string;
  reason: string;
}

export type Ask = (url: string, account: string | undefined, action: string, payload?: object) => Promise<Answer>;

const overWs: Ask = async (url, account, action, payload = {}) => {
  const client = await ChatClient.open(url, { ...(account && { account }) });
  const { response_status: status, errors, data } = await client.request(action, payload);
  client.close();
  return status < 400 ? { status, code: "allowed", reason: "" } : { status, code: data.code, reason: errors[0] ?? "" };
};

function overSocketio(transport: "websocket" | "polling"): Ask {
  return async (url, account, action, payload = {}) => {
    const session = account && (await signIn(url, account));
    const socket = io(url, { transports: [transport], reconnection: false, forceNew: true, auth: { session } });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("connect_error", reject);
    });
    const answer = await socket.emitWithAck(action, payload);
    socket.close();
    if (answer?.ok !== false) return { status: 200, code: "allowed", reason: "" };
    const { status, code, reason } = answer.error;
    return { status, code, reason };
  };
}

const overHttp: Ask = async (url, account, action, payload = {}) => {
  const { method, path, body } = requestFor(action, payload as Record<string, unknown>);
  const session = account && (await signIn(url, account));
  const response = await fetch(url + path, {
    method,
    headers: { "content-type": "application/json", ...(session && { cookie: `playground.sid=${session}` }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const { status } = response;
  const answer = (await response.json()) as { code: string; detail: string };
  return status < 400 ? { status, code: "allowed", reason: "" } : { status, code: answer.code, reason: answer.detail };
};

/** Sends one request as an account, on a connection of its own. */
export const ASK = {
  ws: overWs,
  "socket.io": overSocketio("websocket"),
  polling: overSocketio("polling"),
  HTTP: overHttp,
} satisfies Record<string, Ask>;

/** Changes the server's state in the way of the page. */
export async function change(url: string, path: "policy" | "faults" | "roles", body: object, headers: object = {}) {
  const { token } = (await (await fetch(`${url}/state`)).json()) as { token: string };
  const response = await fetch(`${url}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-page-token": token, origin: url, ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
