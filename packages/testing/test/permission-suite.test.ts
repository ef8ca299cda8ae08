import { AllowAny, abstain, DenyAll, deny, HasRole, IsAuthenticated, not, permission } from "@portcullis/core";
import { expect, test } from "vitest";
import { testPermission } from "../src/index.js";

const isOwner = permission("isOwner", {
  connect: ({ scope }) => scope.query.key === "open",
  action: ({ payload }) => payload.room === "lobby" || deny("not_here", { reason: "Only in the lobby" }),
  object: async ({ scope, object }) => (object as { owner: number }).owner === (scope.user as { id: number }).id,
});

test("a correct table passes", async () => {
  await testPermission(IsAuthenticated, [
    { want: { outcome: "deny", code: "not_authenticated", status: 401, by: "IsAuthenticated" } },
    { scope: { user: { id: 1 } }, want: "allow" },
    { phase: "connect", scope: { user: { id: 1 } }, want: "allow" },
  ]);
  await testPermission(
    [IsAuthenticated, not(HasRole("guest"))],
    [
      { scope: { user: { id: 1, roles: ["guest"] } }, want: "deny" },
      { scope: { user: { id: 1, roles: [] } }, want: "allow" },
    ],
  );
});

test("all three phases are asked", async () => {
  await testPermission(isOwner, [
    { phase: "connect", want: "deny" },
    { phase: "connect", scope: { query: { key: "open" } }, want: "allow" },
    { payload: { room: "lobby" }, want: "allow" },
    { payload: { room: "attic" }, want: { code: "not_here", reason: "Only in the lobby" } },
    { phase: "object", payload: { room: "lobby" }, scope: { user: { id: 1 } }, object: { owner: 1 }, want: "allow" },
    { phase: "object", payload: { room: "lobby" }, scope: { user: { id: 1 } }, object: { owner: 2 }, want: "deny" },
    { phase: "object", payload: { room: "attic" }, scope: { user: { id: 1 } }, object: { owner: 1 }, want: "deny" },
  ]);
});

test("a wrong table fails with a line for each failed row", async () => {
  const failing = testPermission(AllowAny, [
    { note: "first", want: "allow" },
    { note: "second", want: "deny" },
    { note: "third", phase: "connect", want: { outcome: "allow", code: "other" } },
  ]);
  await expect(failing).rejects.toThrow(
    [
      "2 of 3 cases fail",
      'case 2, second (action): want outcome "deny", got outcome "allow"',
      'case 3, third (connect): want code "other", got code "allowed"',
    ].join("\n"),
  );
  await expect(testPermission(DenyAll, [{ want: "allow" }])).rejects.toThrow("1 of 1 cases fail");
});

test("a fault is an error with its cause in the message", async () => {
  const broken = permission("broken", () => {
    throw new Error("no database");
  });
  await testPermission(broken, [{ want: { outcome: "error", code: "permission_error" } }]);
  await expect(testPermission(broken, [{ want: "allow" }])).rejects.toThrow("no database");
});

test("an abstaining rule alone refuses", async () => {
  await testPermission(
    permission("silent", () => abstain()),
    [{ want: "deny" }],
  );
});

test("a table without rows throws", async () => {
  await expect(testPermission(AllowAny, [])).rejects.toThrow(TypeError);
});
