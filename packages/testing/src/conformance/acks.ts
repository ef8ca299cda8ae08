import { permission } from "@portcullis/core";
import { expect } from "vitest";
import { until } from "../lab.js";
import { expectAnsweredOnce, expectDenied, rules, type Subject } from "./subject.js";

const closed = permission("closed", async () => false);

/** Messages with and without an answer. */
export const acks: Subject = {
  "a refused message that asks for an answer gets only that": {
    needs: "acks",
    check: async (lab) => {
      const server = await lab.guard(rules({ closed }));
      const client = await server.connect();
      const message = client.message("closed");
      expectDenied(await client.sendAll([message])[0], "permission_denied", 403);
      await expectAnsweredOnce(client, message);
      expect(client.answers.filter(({ id }) => id === undefined)).toEqual([]);
    },
  },

  "a refused message without an answer causes an event": {
    needs: "acks",
    check: async (lab) => {
      const server = await lab.guard(rules({ closed }));
      const client = await server.connect();
      client.sendAll([client.message("closed", {}, false), client.message("nowhere", {}, false)]);
      await until(() => client.answers.length === 2, "both refusals are told");
      const [first, second] = client.answers;
      expect(first).toMatchObject({
        id: undefined,
        action: "closed",
        error: { code: "permission_denied", status: 403 },
      });
      expect(second).toMatchObject({
        id: undefined,
        action: "nowhere",
        error: { code: "unknown_action", status: 405 },
      });
      await expectAnsweredOnce(client);
      expect(client.answers).toHaveLength(3);
    },
  },

  "an allowed message that asks for no answer gets none of the guard": {
    needs: "acks",
    check: async (lab) => {
      const server = await lab.guard(rules());
      const client = await server.connect();
      client.sendAll([client.message("ping", {}, false)]);
      await expectAnsweredOnce(client);
      expect(server.actions).toEqual(["ping", "ping"]);
      expect(client.answers.filter(({ error }) => error !== undefined)).toEqual([]);
    },
  },
};
