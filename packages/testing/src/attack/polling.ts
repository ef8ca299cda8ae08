import { request } from "node:http";
import { request as requestSecurely } from "node:https";
import { headersOf, type MarkedMessage } from "./client.js";
import type { Account } from "./options.js";
import type { Target } from "./target.js";

const ID = 1;

/**
 * Sends one event to socket.io over HTTP polling.
 *
 * @returns The result as text: `"handled"`, `"denied"`, `"refused"` or a description.
 */
export async function poll(target: Target, account: Account, message: MarkedMessage): Promise<string> {
  const { wire, entrance, url } = target;
  const address = wire.address(url, entrance);
  address.protocol = address.protocol.replace("ws", "http");
  for (const [name, value] of Object.entries(account.query ?? {})) address.searchParams.set(name, value);
  address.searchParams.set("transport", "polling");
  const opened = await exchange(target, address, account);
  const sid = /"sid":"([^"]+)"/.exec(opened)?.[1];
  if (sid === undefined) return `refused, ${opened.slice(0, 80)}`;
  address.searchParams.set("sid", sid);
  await exchange(target, address, account, wire.hello(entrance, account));
  const greeted = await exchange(target, address, account);
  await exchange(target, address, account, wire.message(entrance, ID, message.action, message.payload));
  const answered =
    /^40/.test(greeted) || greeted.includes("\x1e40") ? await answerOf(target, address, account) : greeted;
  await exchange(target, address, account, "1");
  if ((await target.options.handled?.(message.marker)) === true) return "handled";
  return answered;
}

async function answerOf(target: Target, address: URL, account: Account): Promise<string> {
  for (let polls = 0; polls < 4; polls++) {
    const packets = (await exchange(target, address, account)).split("\x1e");
    for (const packet of packets) {
      const heard = target.wire.read(packet, target.entrance);
      if (heard?.kind === "answer" && heard.id === ID) return heard.isRefusal ? "denied" : "handled";
      if (heard?.kind === "refused") return "refused";
    }
  }
  return "not answered";
}

/** Sends one request. Returns the body of the response, or `""` when none arrives in time. */
function exchange({ limits, origin, options }: Target, url: URL, account: Account, body?: string): Promise<string> {
  return new Promise((resolve) => {
    const send = url.protocol === "https:" ? requestSecurely : request;
    const sent = send(url, {
      method: body === undefined ? "GET" : "POST",
      agent: false,
      headers: { ...headersOf({ ...account, protocols: [] }, { origin }), "Content-Type": "text/plain;charset=UTF-8" },
      signal: AbortSignal.timeout(limits.timeout),
      ...options.tls,
    } as Parameters<typeof request>[1]);
    sent.on("error", () => resolve(""));
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve(text)).on("error", () => resolve(text));
    });
    sent.end(body);
  });
}
