// @ts-check
import { requestFor } from "../shared/routes.js";
import { parse } from "./frames.js";

/**
 * Opens what stands for a connection over HTTP: every action is a request of its own.
 *
 * @param {Record<string, string>} introduction
 * @param {import("./connection.js").Listeners} listeners
 * @returns {import("./connection.js").Line}
 */
export function openHttp(introduction, { opened, received, closed }) {
  let isOpen = true;
  const headers = Object.fromEntries(Object.entries(introduction).map(([name, value]) => [`x-${name}`, value]));
  queueMicrotask(opened);

  /**
   * @param {{ method: string, path: string, body: unknown }} request
   * @param {string} action
   * @param {unknown} id
   */
  const ask = async ({ method, path, body }, action, id) => {
    const response = await fetch(path, {
      method,
      credentials: "omit",
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = parse(text) ?? {};
    const { status } = response;
    const isRefused = status >= 400;
    const data = isRefused ? { code: answer.code ?? "error" } : answer;
    const errors = isRefused ? [answer.detail ?? text] : [];
    if (isOpen)
      received({ errors, data, action, response_status: status, request_id: id ?? null }, `${status} ${text}`);
  };

  return {
    isPushed: false,
    isOpen: () => isOpen,
    send(text) {
      const frame = parse(text);
      const { action = "chat.send", request_id, ...payload } = frame ?? {};
      // A text that is no JSON is sent as the body of a chat message.
      const request = frame ? requestFor(String(action), payload) : { method: "POST", path: "/messages", body: text };
      ask(request, String(action), request_id).catch(() => {
        if (isOpen) closed("The server is not there");
        isOpen = false;
      });
      const { method, path, body } = request;
      return [method, path, typeof body === "string" ? body : JSON.stringify(body)].filter(Boolean).join(" ");
    },
    close() {
      isOpen = false;
    },
  };
}
