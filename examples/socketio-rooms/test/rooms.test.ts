import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { io, type Socket } from "socket.io-client";
import { expect, onTestFinished, test } from "vitest";
import { runExample } from "../../test-support.js";

function connect(url: string, token?: string): Socket {
  const socket = io(url, { auth: { token }, forceNew: true });
  onTestFinished(() => void socket.close());
  return socket;
}

test("who is invited joins and speaks, and is refused once uninvited", async () => {
  const { url } = await runExample(import.meta.url);
  const [guest, bob, admin] = [connect(url), connect(url, "bob-token"), connect(`${url}/admin`, "ann-token")];
  const said: unknown[] = [];
  bob.on("said", (message) => said.push(message));

  expect(await guest.emitWithAck("room.join", { room: "lobby" })).toMatchObject({ ok: false, error: { status: 401 } });
  expect(await bob.emitWithAck("room.join", { room: "vault" })).toMatchObject({
    ok: false,
    error: { code: "not_invited", reason: "Ask somebody in vault to invite you." },
  });
  expect(await bob.emitWithAck("room.join", { room: "lobby" })).toEqual({ ok: true });
  bob.emit("room.say", { room: "lobby", text: "hello" });
  await expect.poll(() => said).toEqual([{ room: "lobby", text: "hello" }]);

  expect(await admin.emitWithAck("room.uninvite", { room: "lobby", name: "bob" })).toEqual({ ok: true });
  const denied = new Promise((resolve) => bob.on("permission_denied", resolve));
  bob.emit("room.say", { room: "lobby", text: "still here" });
  expect(await denied).toMatchObject({ action: "room.say", error: { code: "not_invited" } });
  expect(said).toHaveLength(1);
});

test("the namespace of admins is closed to others", async () => {
  const { url } = await runExample(import.meta.url);
  const socket = connect(`${url}/admin`, "bob-token");
  const error = await new Promise<Error & { data?: unknown }>((resolve) => socket.on("connect_error", resolve));
  expect(error.data).toMatchObject({ code: "permission_denied", status: 403 });
});

/** Runs the example as a process of its own, which an error that nobody catches would end. */
async function runProcess() {
  const server = fileURLToPath(new URL("../server.mjs", import.meta.url));
  const child = spawn(process.execPath, [server], {
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill());
  const [line] = await once(child.stdout, "data");
  const [url = "nowhere"] = /http:\S+/.exec(String(line)) ?? [];
  return { url, child };
}

const ROOM = { room: "lobby" };
const ODD_ARGUMENTS = [
  [],
  [null],
  [7],
  ["lobby"],
  [[]],
  [{}],
  [{ room: null }],
  [ROOM],
  [ROOM, null],
  [ROOM, 7],
  [7, ROOM],
];

test.each([
  { who: "an anonymous client", path: "", token: undefined, answer: { ok: false, error: { status: 401 } } },
  { who: "a member", path: "", token: "bob-token", answer: { ok: true } },
  { who: "an admin", path: "/admin", token: "ann-token", answer: { ok: true } },
])("$who may send an event without what it takes, and the server lives", async ({ path, token, answer }) => {
  const { url, child } = await runProcess();
  const socket = connect(url + path, token);
  const [actions, last] = path
    ? [["room.uninvite"], { name: "room.uninvite", payload: { room: "vault", name: "ann" } }]
    : [["room.join", "room.say", "room.leave"], { name: "room.join", payload: ROOM }];
  for (const action of actions) {
    for (const given of ODD_ARGUMENTS) socket.emit(action, ...given);
    for (const given of [[], [null], [7]]) {
      expect(await socket.emitWithAck(action, ...given)).toMatchObject({ ok: false });
    }
  }
  expect(await socket.emitWithAck(last.name, last.payload)).toMatchObject(answer);
  expect(child.exitCode).toBeNull();
});
