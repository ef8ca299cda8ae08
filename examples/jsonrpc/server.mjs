import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { jsonRpc, serve } from "@portcullis/adapter-ws";
import { AllowAny, IsAuthenticated, PermissionDenied, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { WebSocketServer } from "ws";

const accounts = new Map([
  ["1", { owner: "ann", balance: 100 }],
  ["2", { owner: "bob", balance: 5 }],
]);

const isOwner = permission("isOwner", { object: ({ scope, object }) => object.owner === scope.user?.name });
const account = ({ payload }) => accounts.get(String(payload.account));

// Rules with their handlers. An account is loaded, its rule asked, and only then the handler called.
const bank = defineConsumer()
  .permissions(AllowAny)
  .action("bank.hours", AllowAny, () => "always")
  .action("account.list", IsAuthenticated, ({ scope }) =>
    [...accounts].filter(([, { owner }]) => owner === scope.user.name).map(([id]) => id),
  )
  .action("account.balance", isOwner, { object: account }, ({ object }) => object.balance)
  .action("account.pay", isOwner, { object: account }, ({ object, payload }) => {
    const amount = Number(payload.amount);
    if (!(amount > 0 && amount <= object.balance))
      throw new PermissionDenied("bad_amount", { reason: "Pay what you have." });
    object.balance -= amount;
    return object.balance;
  });

/** Starts the server on 127.0.0.1; port 0 is any that is free. */
export async function start({ port = 0 } = {}) {
  const wss = new WebSocketServer({ host: "127.0.0.1", port, maxPayload: 16_384 });
  const guarded = serve(wss, bank, {
    codec: jsonRpc(),
    authenticate: ({ headers }) => {
      const [, name] = /^Bearer (ann|bob)-token$/.exec(headers.authorization ?? "") ?? [];
      return { user: name ? { name } : null };
    },
    origins: [null], // programs only; name the pages that may connect here
  });
  await once(wss, "listening");
  const close = async () => {
    await guarded.close();
    wss.close();
  };
  return { url: `ws://127.0.0.1:${wss.address().port}`, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url, close } = await start({ port: Number(process.env.PORT ?? 3000) });
  console.log(`JSON-RPC 2.0 at ${url}   Tokens: ann-token, bob-token   Ctrl-C stops it.`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, close);
}
