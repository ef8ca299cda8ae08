import { AllowAny, type Decision, definePolicy, deny, fault, type PermissionLike, permission } from "@portcullis/core";
import { describe, expect, it } from "vitest";
import { buildWritten, casesOf, leavesOfWritten, type Told, tell, type Written } from "./cases.js";
import type { Question } from "./naive.js";
import { CONSUMER } from "./probes.js";

interface Want {
  readonly outcome: string;
  readonly code: string;
  readonly status?: number;
  readonly by?: string;
  readonly asked: readonly string[];
}

type Asked = Record<"decide" | "decideConnect", (...all: unknown[]) => Decision | Promise<Decision>>;

function ask(policy: unknown, phase: Question, action: string): Decision | Promise<Decision> {
  const asked = policy as Asked;
  if (phase === "connect") return asked.decideConnect({}, CONSUMER);
  return asked.decide({}, CONSUMER, action, {}, phase === "action" ? undefined : { object: {} });
}

/** A rule that answers as told, at once or later, and takes down that it was asked. */
function told(
  name: string,
  answers: Partial<Record<Question, Told>>,
  isLater: boolean,
  onAsked: (question: string) => void,
) {
  const parts = Object.entries(answers).map(([question, answer]) => [
    question,
    () => {
      onAsked(question);
      return isLater ? Promise.resolve().then(() => tell(answer)) : tell(answer);
    },
  ]);
  return permission(name, Object.fromEntries(parts)) as PermissionLike;
}

describe.each([false, true])("the truth tables hold (answers come later: %s)", (isLater) => {
  interface Row {
    readonly note: string;
    readonly tree: Written;
    readonly phase: Question;
    readonly answers: Readonly<Record<string, Told>>;
    readonly want: Want;
  }

  it("combinators.json", async () => {
    const rows = casesOf<Row>("combinators");
    for (const { note, tree, phase, answers, want } of rows) {
      const asked: string[] = [];
      const rule = buildWritten(tree, (name) =>
        told(name, { [phase]: answers[name] as Told }, isLater, () => asked.push(name)),
      );
      const alone = phase === "connect" ? { connect: rule, permissions: AllowAny } : { actions: { act: rule } };
      const decision = await ask(definePolicy(alone), phase, "act");
      const order = asked.splice(0);
      const beside = await ask(definePolicy({ permissions: rule, actions: { act: AllowAny } }), phase, "act");
      const isSilent = decision.outcome === "deny" && beside.outcome === "allow";
      const { outcome, code } = isSilent ? { outcome: "abstain", code: "abstained" } : decision;
      const by = outcome === "deny" || outcome === "error" ? { by: decision.by } : {};
      expect({ outcome, code, ...by, asked: order }, `${note}: ${JSON.stringify({ tree, answers })}`).toEqual(want);
      expect(leavesOfWritten(tree)).toEqual(expect.arrayContaining(Object.keys(answers)));
    }
    expect(rows.length).toBeGreaterThan(600);
  });

  interface EdgeRow {
    readonly note: string;
    readonly policy: Readonly<Record<"connect" | "permissions", Written | undefined>> & {
      readonly actions?: Readonly<Record<string, Written>>;
      readonly unknownAction?: "deny";
    };
    readonly rules: Readonly<Record<string, Partial<Record<Question, Told>>>>;
    readonly ask: { readonly phase: Question; readonly action?: string };
    readonly want: Want;
  }

  it("edge.json", async () => {
    const rows = casesOf<EdgeRow>("edge");
    for (const { note, policy, rules, ask: asks, want } of rows) {
      const asked: string[] = [];
      const leaf = (name: string) =>
        told(name, rules[name] ?? {}, isLater, (question) => asked.push(`${name}.${question}`));
      const { connect, permissions, actions, unknownAction } = policy;
      const built = definePolicy({
        ...(connect && { connect: buildWritten(connect, leaf) }),
        ...(permissions && { permissions: buildWritten(permissions, leaf) }),
        ...(actions && {
          actions: Object.fromEntries(Object.entries(actions).map(([name, tree]) => [name, buildWritten(tree, leaf)])),
        }),
        ...(unknownAction && { unknownAction }),
      });
      const { outcome, code, status, by } = await ask(built, asks.phase, asks.action ?? "");
      const refusedBy = outcome === "allow" ? {} : { by };
      expect({ outcome, code, status, ...refusedBy, asked }, `${note}: ${JSON.stringify(rules)}`).toEqual(want);
    }
    expect(rows.length).toBeGreaterThan(140);
  });
});

describe("codes.json", () => {
  const rows = casesOf<{ code: string; status: number; retry: string; outcome: string; who: string }>("codes");
  const own = new Set([
    "rate_limited",
    "not_authenticated",
    "permission_denied",
    "permission_error",
    "permission_timeout",
  ]);

  it.each(rows)("$code is $status, retry: $retry", ({ code, status, retry, outcome }) => {
    const options = own.has(code) ? {} : { status };
    const made = outcome === "deny" ? deny(code, options) : fault(code, options);
    expect(made).toMatchObject({ code, status, retry, outcome });
  });

  it("names every code once", () => {
    expect(new Set(rows.map(({ code }) => code)).size).toBe(rows.length);
  });
});
