import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { expect, test } from "vitest";
import { LastingWire, lasting } from "../../test/lasting.js";
import { memoryRevocations } from "./memory-log.js";

/** A server whose clients are users of the same name. A connect rule reads the id of those that are `known`. */
function server() {
  const revocations = memoryRevocations();
  const known = new Map<string, string>();
  const names: Record<string, string> = {};
  const reads = permission("reads", ({ scope, consumer }) => {
    const { client } = scope as unknown as { client: string };
    if (client.startsWith("known")) known.set(client, consumer.id);
    return true;
  });
  const made = lasting(definePolicy({ connect: reads, actions: { say: AllowAny } }), (client) => ({ client }), {
    identify: ({ client }: { client: string }) => ({
      subjects: [`user:${client}`, ...(names[client] ? [names[client]] : [])],
    }),
    revocations,
  });
  return { ...made, revocations, known, names };
}

test("a session is revoked by an id that was read late", async () => {
  const { open, revocations } = server();
  const [one, other] = [await open(), await open()];
  expect((await revocations.revoke(one.session.consumer.id)).here).toBe(1);
  expect([one.session.isEnded, other.session.isEnded]).toEqual([true, false]);
});

test("a session is revoked by the id among its subjects", async () => {
  const { open, revocations } = server();
  const { session } = await open();
  const [, id = ""] = session.identity?.subjects ?? [];
  expect([id, (await revocations.revoke(id)).here]).toEqual([session.id, 1]);
});

test("a session is revoked by an id that a rule has read", async () => {
  const { open, revocations, known } = server();
  const { session } = await open("known");
  expect((await revocations.revoke(known.get("known") ?? "")).here).toBe(1);
  expect(session.isEnded).toBe(true);
});

test("a session is revoked by its id while it is opened", async () => {
  const { gate, revocations, known } = server();
  const evaluation = gate.admit(new LastingWire("known"));
  await evaluation.result;
  await revocations.revoke(known.get("known") ?? "");
  expect(evaluation.open().isEnded).toBe(true);
});

test("a session keeps its id when its subjects change", async () => {
  const { open, revocations, names } = server();
  const { session } = await open("ann");
  const { id } = session;
  names.ann = "tenant:1";
  await session.refresh();
  expect(session.identity?.subjects).toEqual(["user:ann", "tenant:1", id]);
  expect((await revocations.refresh("tenant:1")).here).toBe(1);
  expect((await revocations.revoke(id)).here).toBe(1);
});

test("the other sessions are revoked, except one by its id", async () => {
  const { open, revocations } = server();
  const [one, other] = [await open("ann"), await open("ann")];
  expect((await revocations.revoke("user:ann", { except: one.session.id })).here).toBe(1);
  expect([one.session.isEnded, other.session.isEnded]).toEqual([false, true]);
});

test("an id that is read after the end addresses nobody", async () => {
  const { open, revocations } = server();
  const { session } = await open();
  session.close();
  expect((await revocations.revoke(session.id)).here).toBe(0);
});
