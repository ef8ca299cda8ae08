import { deny, IsAuthenticated, permission } from "@portcullis/core";
import { expect } from "vitest";
import { secretPayload } from "../../lab.js";
import { bearer, expectAnsweredOnce, expectHandled, rules, type Subject } from "../subject.js";

const SECRET = "s3cret-of-a-hole";

/** Holes of other systems in their answers, each with its name and source. */
export const answers: Subject = {
  "one bad packet kills the process (tRPC CVE-2025-43855, socket.io CVE-2024-38355)": async (lab) => {
    const explode = () => {
      throw new Error(SECRET);
    };
    const server = await lab.guard(
      rules({ bad: permission("bad", explode), worse: permission("worse", async () => explode()) }),
    );
    const [attacker, bystander] = [await server.connect(), await server.connect()];
    for (const { raw } of lab.harness.malformed.slice(0, 9)) attacker.sendRaw(raw);
    await Promise.all(attacker.sendAll(["bad", "worse", "nowhere"].map((action) => attacker.message(action))));
    expectHandled(await attacker.request("ping"));
    expectHandled(await bystander.request("ping"));
  },

  "a denial nobody hears (socket.io #5112, nest #2115, aspnetcore #34977)": async (lab) => {
    const hangs = () => new Promise<boolean>(() => {});
    const server = await lab.guard(
      rules({
        no: permission("no", () => false),
        late: permission("late", async () => deny("late")),
        fails: permission("fails", async () => Promise.reject(new Error(SECRET))),
        hangs: permission("hangs", hangs),
      }),
      { timeout: { action: 60 } },
    );
    const client = await server.connect();
    const messages = ["no", "late", "fails", "hangs", "nowhere"].map((action) => client.message(action));
    const answers = await Promise.all(client.sendAll(messages));
    expect(answers.map((answer) => answer?.error?.status)).toEqual([403, 403, 500, 503, 405]);
    await expectAnsweredOnce(client, ...messages);
  },

  "a denial echoes the payload or internals (Nest includeCause)": async (lab) => {
    const cause = new Error(`${SECRET} in the cause`);
    const leaky = permission("leaky", () => {
      throw Object.assign(new Error(`${SECRET} in the message`, { cause }), { [SECRET]: SECRET });
    });
    const server = await lab.guard(rules({ leaky, no: permission("no", () => false), own: IsAuthenticated }), bearer);
    const client = await server.connect();
    for (const action of ["leaky", "no", "own", "nowhere"]) {
      const answer = await client.request(action, secretPayload(SECRET));
      expect(["code", "reason", "retry", "retryAfter", "status"]).toEqual(
        expect.arrayContaining(Object.keys(answer?.error ?? { missing: true })),
      );
    }
    expect(client.text).not.toContain(SECRET);
    expect(client.text).not.toMatch(/\.ts:|node_modules|at leaky/);
  },
};
