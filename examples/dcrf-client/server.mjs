import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { dcrf, serve } from "@portcullis/adapter-ws";
import { BasePermission, HasRole, IsAuthenticated, or } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { WebSocketServer } from "ws";

const users = new Map([
  ["ann-token", { name: "Ann", roles: ["admin"] }],
  ["bob-token", { name: "Bob", roles: [] }],
]);

// class IsOwner(BasePermission): as it was in Django, and here it is asked about the object too.
class IsOwner extends BasePermission {
  reason = "Only its owner may change it.";

  hasPermission(scope) {
    return scope.user !== null;
  }
  hasObjectPermission(scope, _consumer, _action, person) {
    return person.owner === scope.user.name;
  }
}

/** Starts the server on 127.0.0.1; port 0 is any that is free. */
export async function start({ port = 0 } = {}) {
  const people = new Map([
    [1, { pk: 1, name: "Ann", owner: "Ann" }],
    [2, { pk: 2, name: "Bob", owner: "Bob" }],
  ]);
  const object = ({ payload }) => people.get(payload.pk);
  const nameOf = ({ data }) => String(data?.name ?? "");

  const consumer = defineConsumer()
    .connect(IsAuthenticated)
    .action("list", IsAuthenticated, () => [...people.values()])
    .action("create", IsAuthenticated, ({ scope, payload, reply }) => {
      const person = { pk: people.size + 1, name: nameOf(payload), owner: scope.user.name };
      people.set(person.pk, person);
      reply(person, { status: 201 });
    })
    .action("patch", or(IsOwner, HasRole("admin")), { object }, ({ object: person, payload }) =>
      Object.assign(person, { name: nameOf(payload) }),
    )
    .action("delete", HasRole("admin"), { object }, ({ object: { pk }, reply }) => {
      people.delete(pk);
      reply(null, { status: 204 });
    });

  const wss = new WebSocketServer({ host: "127.0.0.1", port, maxPayload: 65_536 });
  const guarded = serve(wss, consumer, {
    codec: dcrf({ multiplex: true }),
    authenticate: ({ url }) => ({ user: users.get(new URL(url, "ws://localhost").searchParams.get("token")) ?? null }),
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
  console.log(`People at ${url}   npm run client -- ${url} bob-token   Ctrl-C stops it.`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, close);
}
