// The same questions over a connection: by a session without continuity, and by one with it.

import { definePolicy, permission } from "@portcullis/core";
import { Gate } from "@portcullis/core/adapter";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import { CASES, EXPECTED } from "./cases.mjs";
import { mayEdit } from "./rules.mjs";

const edit = permission("mayEdit", ({ scope, payload }) => mayEdit(scope, payload));
const policy = definePolicy({ actions: { edit } });
const HOUR = 3_600_000;

let isDelivered = false;

/** A connection without a transport. `client` is the user. */
const connectionOf = (client) => ({
  transport: "none",
  path: "/",
  url: "/",
  headers: {},
  remoteAddress: undefined,
  secure: false,
  connectedAt: 0,
  request: undefined,
  raw: undefined,
  client,
  abort() {},
  pause() {},
  resume() {},
  notify() {},
  close() {},
  reply() {},
  sendRefusal() {
    isDelivered = false;
  },
  deliver() {
    isDelivered = true;
  },
});

/** Opens a session for the user of each case. */
function openSessions(options) {
  const gate = new Gate("guard()", policy, {
    authenticate: (user) => ({ user: user ?? null }),
    hints: false,
    ...options,
  });
  return CASES.map(({ scope }) => gate.admit(connectionOf(scope.user)).open());
}

const WITH_CONTINUITY = {
  identify: ({ user }) => ({ ...(user && { subjects: [`user:${user.id}`] }), expiresAt: Date.now() + HOUR }),
  continuity: continuity({ renew: { action: "auth.renew" }, revocations: memoryRevocations() }),
};

const messages = CASES.map(({ payload }) => ({ action: "edit", payload, bytes: 40 }));

/** One message that is decided at once, and delivered or refused. */
function send(sessions, i) {
  sessions[i & 7].receive(messages[i & 7]);
  return isDelivered;
}

const without = openSessions({});
const withContinuity = openSessions(WITH_CONTINUITY);

const compare = (what, ask) => {
  /** @type {[string, string]} */
  const names = [`${what}, without continuity`, `${what}, with continuity`];
  const contenders = [
    { name: names[0], ask: (i) => ask(without, i) },
    { name: names[1], bases: [names[0]], ask: (i) => ask(withContinuity, i) },
  ];
  return { names, contenders };
};
const received = compare("session.receive()", send);
const decided = compare(
  "session.decide()",
  (of, i) => of[i & 7].decide("edit", CASES[i & 7].payload).outcome === "allow",
);

/** Names of the contenders: without and with continuity. */
export const RECEIVE = received.names;
export const DECIDE = decided.names;

export const sessions = {
  title: "One connection, with an identity that expires and is revalidated",
  expected: EXPECTED,
  contenders: [...received.contenders, ...decided.contenders],
};
