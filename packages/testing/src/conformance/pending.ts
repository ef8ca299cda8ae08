import { AllowAny, permission } from "@portcullis/core";
import { expect } from "vitest";
import { sleep } from "../lab.js";
import {
  expectAnsweredOnce,
  expectClosed,
  expectDenied,
  expectHandled,
  holding,
  rules,
  type Subject,
} from "./subject.js";

/** What may wait behind a decision. */
export const pending: Subject = {
  "messages beyond the cap are answered too_many_pending": {
    needs: "queue",
    check: async (lab) => {
      const { held, resolve } = holding();
      const server = await lab.guard(rules({ held, say: AllowAny }), { limits: { pendingMessages: 4 } });
      const client = await server.connect();
      const first = client.message("held");
      const rest = Array.from({ length: 6 }, (_, n) => client.message("say", { n }));
      const answers = client.sendAll([first, ...rest]);
      for (const answer of await Promise.all(answers.slice(5))) {
        expectDenied(answer, "too_many_pending", 429);
        expect(answer?.error).toMatchObject({ retry: "later", retryAfter: 1 });
      }
      resolve(true);
      for (const answer of await Promise.all(answers.slice(0, 5))) expectHandled(answer);
      expect(server.handled.map(({ payload }) => payload.n)).toEqual([undefined, 0, 1, 2, 3]);
      await expectAnsweredOnce(client, first, ...rest);
    },
  },

  "at twice the cap the connection is closed unhandled": {
    needs: "queue",
    check: async (lab) => {
      const { held, resolve } = holding();
      const server = await lab.guard(rules({ held, say: AllowAny }), { limits: { pendingMessages: 4 } });
      const client = await server.connect();
      client.sendAll([client.message("held"), ...Array.from({ length: 20 }, () => client.message("say"))]);
      await expectClosed(client, 1013);
      resolve(true);
      await sleep(30);
      expect(server.handled).toEqual([]);
      expect([...server.guard.sessions]).toEqual([]);
    },
  },

  "the cap starts again once all is decided": {
    needs: "queue",
    check: async (lab) => {
      let decide = (_isAllowed: boolean) => {};
      const late = permission("late", () => decided);
      let decided = Promise.resolve(true);
      const server = await lab.guard(rules({ late }), { limits: { pendingMessages: 4 } });
      const client = await server.connect();
      for (let round = 0; round < 5; round++) {
        decided = new Promise((resolve) => {
          decide = resolve;
        });
        const answers = client.sendAll(Array.from({ length: 7 }, () => client.message("late")));
        for (const answer of await Promise.all(answers.slice(5))) expectDenied(answer, "too_many_pending", 429);
        decide(true);
        for (const answer of await Promise.all(answers.slice(0, 5))) expectHandled(answer);
      }
    },
  },

  "bytes are counted too": {
    needs: "queue",
    check: async (lab) => {
      const { held, resolve } = holding();
      const server = await lab.guard(rules({ held, say: AllowAny }), { limits: { pendingBytes: 3000 } });
      const client = await server.connect();
      const text = "x".repeat(800);
      const answers = client.sendAll([
        client.message("held"),
        client.message("say", { text }),
        client.message("say", { text }),
        client.message("say", { text }),
      ]);
      expectDenied(await answers[3], "too_many_pending", 429);
      resolve(true);
      for (const answer of await Promise.all(answers.slice(0, 3))) expectHandled(answer);
      expect(server.actions).toEqual(["held", "say", "say"]);
    },
  },

  "two messages of any size may wait behind a decision": async (lab) => {
    const { held, resolve } = holding();
    const server = await lab.guard(rules({ held, say: AllowAny }), { limits: { pendingBytes: 2000 } });
    const client = await server.connect();
    const large = () => client.message("say", { text: "x".repeat(9000) });
    const answers = client.sendAll([client.message("held"), large(), large()]);
    await sleep(20);
    resolve(true);
    for (const answer of await Promise.all(answers)) expectHandled(answer);
    expect(server.actions).toEqual(["held", "say", "say"]);
  },
};
