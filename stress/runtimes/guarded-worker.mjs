// @ts-check
// A guarded server of crossws as a worker. It is bundled with what it imports, and runs in workerd.
import { guard } from "@portcullis/adapter-crossws";
import { AllowAny, DenyAll, definePolicy, IsAuthenticated, permission } from "@portcullis/core";
import crossws from "crossws/adapters/cloudflare";

const slow = permission("slow", () => new Promise((resolve) => setTimeout(resolve, 300, true)));
const policy = definePolicy({ connect: IsAuthenticated, actions: { ping: AllowAny, slow, secret: DenyAll } });
const users = new Map([["ann", { id: 1 }]]);
/** @type {string[]} */
const seen = [];
const guarded = guard(
  {
    open: () => void seen.push("connection"),
    message(peer, message) {
      seen.push(JSON.parse(message.text()).action);
      peer.send(message.text());
    },
  },
  policy,
  { authenticate: ({ headers }) => ({ user: users.get(headers.get("authorization") ?? "") ?? null }) },
);
const ws = crossws({ hooks: guarded.hooks });

export default {
  /** @param {any} request @param {any} env @param {any} context */
  fetch(request, env, context) {
    if (request.headers.get("upgrade") === "websocket") return ws.handleUpgrade(request, env, context);
    if (new URL(request.url).pathname === "/close") context.waitUntil(guarded.close());
    return Response.json(seen);
  },
};
