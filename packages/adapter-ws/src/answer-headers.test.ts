import type { IncomingMessage } from "node:http";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { addAnswerHeader } from "@portcullis/core/internal";
import { afterEach, describe, expect, test } from "vitest";
import { ADDED_COOKIES, ADDED_HEADERS } from "../../../test/helpers.js";
import { Client, deferred, knock, MODES, start, stopAll } from "../test/support.js";

afterEach(stopAll);

function rule(answer: boolean) {
  return permission("sets", {
    connect: ({ scope }) => {
      for (const [name, value] of ADDED_HEADERS) addAnswerHeader(scope.request, name, value);
      return answer;
    },
  });
}
const policyOf = (answer: boolean) => definePolicy({ connect: rule(answer), permissions: AllowAny });

/** The headers of the 101 response. */
async function upgradeHeaders(url: string) {
  const client = new Client(url);
  const seen = deferred<IncomingMessage["headers"]>();
  client.socket.on("upgrade", ({ headers }) => seen.resolve(headers));
  return seen.promise;
}

describe("response headers of a rule", () => {
  test.each(MODES)("are in the 101, one line for each cookie (%s)", async (mode) => {
    const { url } = await start({ mode, policy: policyOf(true) });
    const headers = await upgradeHeaders(url);
    expect(headers["set-cookie"]).toEqual(ADDED_COOKIES);
    expect(headers).toMatchObject({ "x-request-id": "7", connection: "Upgrade" });
    expect(headers).not.toHaveProperty("x-injected");
    expect(headers).not.toHaveProperty("x-split");
  });

  test("are in a refusal", async () => {
    const { port } = await start({ policy: policyOf(false) });
    const { status, headers } = await knock(port);
    expect(status).toBe(403);
    expect(headers["set-cookie"]).toEqual(ADDED_COOKIES);
    expect(headers["x-request-id"]).toBe("7");
    expect(headers).not.toHaveProperty("x-injected");
  });

  test("are in the 101 before a refusing close", async () => {
    const { url } = await start({ policy: policyOf(false), options: { refuse: "close" } });
    expect((await upgradeHeaders(url))["set-cookie"]).toEqual(ADDED_COOKIES);
  });

  test("may come from authenticate", async () => {
    const authenticate = (request: IncomingMessage) => {
      addAnswerHeader(request, "Set-Cookie", "seen=1");
    };
    const { url } = await start({ options: { authenticate } });
    expect((await upgradeHeaders(url))["set-cookie"]).toEqual(["seen=1"]);
  });

  test("are not kept once the connection is open", async () => {
    const { url, session } = await start({ policy: policyOf(true) });
    await Client.open(url);
    await session().refresh();
    expect(addAnswerHeader(session().scope.request, "Set-Cookie", "late=1")).toBe(false);
  });

  test("may be the maximum number of cookies", async () => {
    const many = permission("many", {
      connect: ({ scope }) => {
        for (let index = 0; index < 100; index++) addAnswerHeader(scope.request, "Set-Cookie", `c${index}=1`);
        return false;
      },
    });
    const { port } = await start({ policy: definePolicy({ connect: many, permissions: AllowAny }) });
    expect((await knock(port)).headers["set-cookie"]).toHaveLength(64);
  });
});
