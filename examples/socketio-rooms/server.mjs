import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { guard } from "@portcullis/adapter-socketio";
import { and, definePolicy, deny, HasRole, IsAuthenticated, permission } from "@portcullis/core";
import { Server } from "socket.io";

const users = new Map([
  ["ann-token", { name: "ann", roles: ["admin"] }],
  ["bob-token", { name: "bob", roles: [] }],
]);
const invited = new Map([
  ["lobby", new Set(["ann", "bob"])],
  ["vault", new Set(["ann"])],
]);

// Listeners get what the client sent: this rule lets nothing through but an object with the name of a room.
const namesRoom = permission("namesRoom", ({ payload }) =>
  typeof payload.room === "string" ? true : deny("no_room", { status: 400, reason: "Name a room." }),
);
const isInvited = permission("isInvited", ({ scope, payload }) =>
  invited.get(payload.room)?.has(scope.user?.name)
    ? true
    : deny("not_invited", { reason: `Ask somebody in ${payload.room} to invite you.` }),
);

const policy = definePolicy({
  actions: {
    "room.join": and(IsAuthenticated, namesRoom, isInvited),
    "room.say": and(IsAuthenticated, namesRoom, isInvited),
    "room.leave": namesRoom,
  },
});
const adminPolicy = definePolicy({
  connect: HasRole("admin"),
  actions: { "room.uninvite": and(HasRole("admin"), namesRoom) },
});

/** Answers a client that asked for an answer: nobody else gave a function. */
const reply = (answer, data) => typeof answer === "function" && answer(data);

/** Starts the server on 127.0.0.1; port 0 is any that is free. */
export async function start({ port = 0 } = {}) {
  const http = createServer();
  const io = new Server(http);
  const options = {
    authenticate: ({ handshake }) => ({ user: users.get(handshake.auth.token) ?? null }),
    origins: [null], // programs only; name the pages that may connect here
  };
  const guards = [guard(io, policy, options), guard(io.of("/admin"), adminPolicy, options)];

  io.on("connection", (socket) => {
    socket.on("room.join", ({ room }, answer) => {
      socket.join(room);
      reply(answer, { ok: true });
    });
    socket.on("room.say", ({ room, text }) => io.to(room).emit("said", { room, text }));
    socket.on("room.leave", ({ room }) => socket.leave(room));
  });
  io.of("/admin").on("connection", (socket) => {
    socket.on("room.uninvite", ({ room, name }, answer) =>
      reply(answer, { ok: invited.get(room)?.delete(name) ?? false }),
    );
  });

  http.listen(port, "127.0.0.1");
  await once(http, "listening");
  const close = async () => {
    await Promise.all(guards.map((guarded) => guarded.close()));
    await io.close();
  };
  return { url: `http://127.0.0.1:${http.address().port}`, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url, close } = await start({ port: Number(process.env.PORT ?? 3000) });
  console.log(`Rooms at ${url}   Tokens: ${[...users.keys()].join(", ")}   Ctrl-C stops it.`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, close);
}
