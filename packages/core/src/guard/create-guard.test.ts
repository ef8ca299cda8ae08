import { AllowAny, DenyAll, definePolicy, PermissionMisuse } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, test } from "vitest";
import { Wire } from "../../test/connection.js";
import { type AttachedServer, createGuard } from "./create-guard.js";
import type { Gate } from "./gate.js";
import { COMMON_OPTIONS, type GuardOptions } from "./options.js";

const policy = definePolicy({ actions: { ping: AllowAny } });
const consumer = defineConsumer().action("ping", AllowAny, () => "pong");

/** A guard whose server is this one, and the gate that the adapter got. */
function made(
  caller: "guard()" | "serve()",
  rules: unknown,
  server: AttachedServer<string> = { sessionOf: () => undefined },
  options: GuardOptions<unknown> = {},
) {
  let gate: Gate<unknown> | undefined;
  const guard = createGuard<unknown, string>({
    caller,
    rules,
    options,
    attach(given) {
      gate = given;
      return server;
    },
  });
  return { guard, gate: gate as Gate<unknown> };
}

describe("the rules of a guard", () => {
  test("are a policy, or a consumer that is served", () => {
    expect(made("guard()", policy).gate.served).toBeUndefined();
    expect(made("serve()", consumer).gate.served).toBe(consumer);
  });

  test("guard() takes no consumer, whose handlers it would not call", () => {
    expect(() => made("guard()", consumer)).toThrow(
      new PermissionMisuse("guard() got a consumer, whose handlers it would not call: use serve()"),
    );
  });

  test("serve() takes no consumer without actions", () => {
    expect(() => made("serve()", defineConsumer())).toThrow(
      new PermissionMisuse("serve() got a consumer without actions: add .action(name, rule, handler)"),
    );
  });

  test.each([undefined, null, {}, policy])("serve() takes no %j as a consumer", (rules) => {
    expect(() => made("serve()", rules)).toThrow(
      new PermissionMisuse("serve() needs a consumer: give what defineConsumer() returned"),
    );
  });

  test("are checked by replace() too", () => {
    const { guard } = made("guard()", policy);
    expect(() => guard.replace(consumer as never)).toThrow("guard() got a consumer, whose handlers it would not call");
    const { guard: serving } = made("serve()", consumer);
    expect(() => serving.replace(policy as never)).toThrow("serve() needs a consumer");
    expect(() => serving.replace(defineConsumer() as never)).not.toThrow();
  });

  test("are replaced in the gate", () => {
    const { guard, gate } = made("guard()", policy);
    const closed = definePolicy({ permissions: DenyAll });
    guard.replace(closed);
    expect(gate.engine.describe().permissions?.name).toBe("DenyAll");
  });
});

describe("the options of a guard", () => {
  test("include those of the adapter alone", () => {
    const setup = { caller: "guard()", rules: policy, attach: () => ({ sessionOf: () => undefined }) } as const;
    const options = { codec: "json" } as object;
    expect(() => createGuard({ ...setup, options, ownOptions: ["codec"] })).not.toThrow();
    expect(() => createGuard({ ...setup, options })).toThrow(
      new PermissionMisuse(`guard() has no option \`codec\`: the options are ${COMMON_OPTIONS.join(", ")}`),
    );
  });

  test("reach the gate", () => {
    const origins = () => true;
    expect(made("guard()", policy, undefined, { origins }).gate.origins).toBe(origins);
  });
});

describe("the server of a guard", () => {
  test("is no promise", () => {
    expect(() => made("guard()", policy, Promise.resolve() as never)).toThrow(
      new PermissionMisuse(
        "createGuard() got an object as the result of `attach`: return { sessionOf }, and not a promise of it",
      ),
    );
  });

  test("finds the sessions, which are those of the gate", () => {
    const bySocket = new Map<string, ReturnType<AttachedServer<string>["sessionOf"]>>();
    const { guard, gate } = made("guard()", policy, { sessionOf: (socket) => bySocket.get(socket) });
    const session = gate.admit(new Wire() as never).open();
    bySocket.set("one", session);
    expect([guard.sessionOf("one"), guard.findSession("one"), guard.findSession("two")]).toEqual([
      session,
      session,
      undefined,
    ]);
    expect(() => guard.sessionOf("two")).toThrow(
      new PermissionMisuse(
        "sessionOf() got a socket that this guard has not admitted: use findSession() for sockets of other servers",
      ),
    );
    expect([...guard.sessions]).toEqual([session]);
  });

  test("says what is not guarded, if it knows", () => {
    const audit = () => ["`/admin` is not guarded"];
    expect(made("guard()", policy, { sessionOf: () => undefined, audit }).guard.audit()).toEqual(audit());
    expect(made("guard()", policy).guard.audit()).toEqual([]);
  });

  test("loses its sessions when the guard closes", async () => {
    const { guard, gate } = made("guard()", policy);
    const wire = new Wire();
    gate.admit(wire as never).open();
    await guard.close();
    expect([guard.sessions.size, wire.log]).toEqual([0, ["close 1001 going away"]]);
  });
});
