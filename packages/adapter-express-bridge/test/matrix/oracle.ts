import type { IncomingHttpHeaders } from "node:http";
import type { ErrorRequestHandler } from "express";
import bodyParser from "koa-bodyparser";
import { type Answered, listen, send } from "../support.js";
import type { Asker, Case, Result, Setting } from "./row.js";
import { prepare } from "./versions.js";

const REACHED = "x-reached";

/** The response, and if the message of its error is for the logs only. */
interface Sent {
  body: string;
  query: string;
  isHidden: boolean;
}

/** The oracle: the same middlewares in front of a handler, in a real server, over HTTP. */
export async function startOracle(setting: Setting): Promise<Asker> {
  const server = await prepare(setting);
  const sent: Sent = { body: "", query: "", isHidden: false };
  let handled: { body: unknown; query: unknown } | undefined;
  const hasChanged = () =>
    handled !== undefined &&
    (JSON.stringify(handled.body ?? {}) !== sent.body || JSON.stringify(handled.query) !== sent.query);
  const { made } = server;
  if (server.framework === "express") {
    const { app, express, chain } = server;
    if (!made.readsBody) app.use(express.json());
    app.use((request, _response, next) => {
      sent.query = JSON.stringify(request.query);
      next();
    });
    app.use([chain].flat(9) as never);
    app.use((request, response) => {
      handled = { body: request.body, query: request.query };
      response.set(REACHED, "yes");
      // Limiters that count responses read it.
      response.end("reached");
    });
    app.use(((error, _request, _response, next) => {
      // The error page of Express shows it only in development.
      sent.isHidden = error?.expose !== true;
      next(error);
    }) satisfies ErrorRequestHandler);
    return asker((await listen(app)).port, setting, sent, hasChanged);
  }
  const { app, chain } = server;
  if (!made.readsBody) app.use(bodyParser());
  app.use((context, next) => {
    sent.query = JSON.stringify(context.query);
    return next();
  });
  for (const one of [chain].flat(9)) app.use(one as never);
  app.use((context) => {
    handled = { body: (context.request as { body?: unknown }).body, query: context.query };
    context.set(REACHED, "yes");
    context.body = "reached";
  });
  return asker((await listen(app.callback())).port, setting, sent, hasChanged);
}

function asker(port: number, { phase }: Setting, sent: Sent, hasChanged: () => boolean): Asker {
  const method = phase === "connect" ? "GET" : "POST";
  return {
    hasChanged,
    async ask({ path = "/", headers = {}, payload = {}, times = 1 }: Case) {
      const body = phase === "connect" ? undefined : payload;
      sent.body = JSON.stringify(body ?? {});
      sent.isHidden = false;
      let answered = await send(port, { method, path, headers, body });
      for (let time = 1; time < times; time++) answered = await send(port, { method, path, headers, body });
      const result = resultOf(answered);
      return sent.isHidden ? { ...result, message: undefined } : result;
    },
  };
}

/** The result over HTTP, translated to the expected result on a socket. */
function resultOf({ status, headers, body }: Answered): Result {
  const cookies = namesOf(headers["set-cookie"]);
  if (headers[REACHED] === "yes" && status === 200)
    return { isAllowed: true, status: 200, message: undefined, cookies };
  const { location, "www-authenticate": challenge } = headers;
  const isRedirect = status >= 300 && status < 400 && location !== undefined;
  return {
    isAllowed: false,
    status: isRedirect ? 401 : status < 400 ? 403 : status,
    message: status < 400 || status >= 500 ? undefined : messageOf(body, headers),
    challenge,
    location,
    cookies,
  };
}

/** The names of cookies, in order. */
export function namesOf(cookies: readonly string[] = []): string[] {
  return cookies.map((cookie) => cookie.split("=", 1)[0] as string).sort();
}

function messageOf(body: string, headers: IncomingHttpHeaders): string | undefined {
  if (headers["content-type"]?.includes("json")) {
    const said = JSON.parse(body);
    const first = said?.errors?.[0];
    const found = [said, said?.message, said?.error, said?.error?.message, first, first?.message, first?.msg];
    return found.find((one) => typeof one === "string" && one !== "");
  }
  // The error page of Express contains the stack.
  const [, stack] = /<pre>([\s\S]*?)<\/pre>/.exec(body) ?? [];
  const text = stack?.split("<br>")[0]?.replace(/^\w*Error: /, "") ?? body;
  return /<\w/.test(text) || text.trim() === "" ? undefined : plain(text.trim());
}

function plain(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
}
