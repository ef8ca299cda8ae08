import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { fromKoa, toKoa } from "@portcullis/adapter-express-bridge/koa";
import { guard } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy } from "@portcullis/core";
import jsonwebtoken from "jsonwebtoken";
import Koa from "koa";
import jwt from "koa-jwt";
import { WebSocketServer } from "ws";

/** Starts the application on 127.0.0.1; port 0 is any that is free. */
export async function start({ port = 0, secret = "change me" } = {}) {
  // An application as there are many: koa-jwt, and a guard that reads what it found.
  const app = new Koa();
  const requireScope = (scope) => (context, next) =>
    context.state.user.scope?.split(" ").includes(scope) ? next() : context.throw(403, `This needs ${scope}.`);

  // The same middlewares as rules on sockets. A browser cannot send Authorization with a WebSocket: `headers` makes it of
  // what it can send.
  const bridge = {
    app,
    headers: ({ query, headers }) => ({
      authorization: query.token === undefined ? headers.authorization : `Bearer ${query.token}`,
    }),
  };
  const hasToken = fromKoa(jwt({ secret }), { ...bridge, name: "hasToken" });
  const mayWrite = fromKoa([jwt({ secret }), requireScope("write")], { ...bridge, name: "mayWrite" });
  const policy = definePolicy({
    connect: hasToken,
    actions: { ping: AllowAny, "report.list": hasToken, "report.create": mayWrite },
  });

  // And back: the route asks the rule of the sockets, which looks at the token alone: no body is parsed here.
  const mayCreate = toKoa(policy, "report.create", { payload: () => ({}) });
  app.use((context, next) =>
    context.path === "/reports" && context.method === "POST" ? mayCreate(context, next) : next(),
  );
  app.use((context) => {
    if (context.path === "/reports" && context.method === "POST") context.status = 201;
  });

  const server = createServer(app.callback());
  const wss = new WebSocketServer({ server, maxPayload: 65_536 });
  const guarded = guard(wss, policy, { origins: [null] });
  wss.on("connection", (ws) => ws.on("message", (data) => ws.send(JSON.stringify({ done: JSON.parse(data).action }))));

  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    await guarded.close();
    wss.close();
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const secret = process.env.JWT_SECRET ?? "change me";
  const { url, close } = await start({ port: Number(process.env.PORT ?? 3000), secret });
  const token = (scope) => jsonwebtoken.sign({ sub: "ann", scope }, secret, { expiresIn: "1h" });
  console.log(`${url.replace("http", "ws")}/?token=${token("read")}   may list reports`);
  console.log(`${url.replace("http", "ws")}/?token=${token("read write")}   may create them too   Ctrl-C stops it.`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, close);
}
