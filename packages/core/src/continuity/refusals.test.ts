import { expect, test } from "vitest";
import { UNSETTLED } from "./authentication-watch.js";
import { NOT_REVALIDATED, REVOKED } from "./endings.js";
import { TOKEN_EXPIRED } from "./identity.js";
import { RevocationNotDurable } from "./revocation-error.js";

test.each([
  [
    UNSETTLED,
    {
      outcome: "error",
      code: "permission_timeout",
      status: 503,
      reason: "The permission could not be checked in time.",
      by: "continuity",
      retry: "later",
      error: "the authorization changed before each answer",
    },
  ],
  [
    NOT_REVALIDATED,
    {
      outcome: "error",
      code: "not_revalidated",
      status: 503,
      reason: "The authorization could not be checked again in time.",
      by: "continuity",
      retry: "later",
    },
  ],
  [
    REVOKED,
    {
      outcome: "deny",
      code: "revoked",
      status: 401,
      reason: "The access was revoked.",
      by: "revocation",
      retry: "after-auth",
    },
  ],
  [
    TOKEN_EXPIRED,
    {
      outcome: "deny",
      code: "token_expired",
      status: 401,
      reason: "The credentials have expired.",
      by: "identity",
      retry: "after-auth",
    },
  ],
])("the refusal %# has its reason and its author", (decision, expected) => {
  expect({ ...decision }).toEqual(expected);
});

test("the error of a failed append tells what happens next", () => {
  const cause = new Error("down");
  const error = new RevocationNotDurable("7", 3, cause);
  expect({ ...error, message: error.message, cause: error.cause }).toEqual({
    name: "RevocationNotDurable",
    id: "7",
    here: 3,
    message: "the revocation acts in this process, and is appended to the log again until it succeeds",
    cause,
  });
});
