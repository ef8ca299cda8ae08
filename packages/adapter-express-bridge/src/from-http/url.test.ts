import { expect, test } from "vitest";
import { seen } from "../../test/support.js";
import { readUrl } from "./url.js";

test.each([
  ["/rooms/:room/:id?sort=:sort", ["room", "id", "sort"]],
  ["/files/*path", ["path"]],
  ["/rooms", []],
  ["/:id:1?a=:b:2&c=:d*e", ["id", "b", "d"]],
])("the template %s has its own parts alone", (url, names) => {
  expect(readUrl("ask()", url)?.names).toEqual(new Set(names));
});

test("a field that is no part of a template is in the query", async () => {
  const payload = { id: 7, 1: "a", "rooms/": "b" };
  const { request } = await seen({ url: "/rooms/:id:1" }, { action: "list", payload });
  expect({ ...request.query }).toEqual({ 1: "a", "rooms/": "b" });
  expect(request.path).toBe("/rooms/7:1");
});

test("a pattern is refused, and it is said what a template knows", () => {
  const knows = "a template knows parts such as :id, wildcards such as *path and a query such as ?sort=:sort";
  expect(() => readUrl("ask()", "/x/:id+")).toThrow(`ask() got "/x/:id+" as \`url\`: ${knows}`);
});

test("a url with a part that is not encoded is refused with a reason", () => {
  const url = readUrl("ask()", () => "/a b");
  const message = "A url cannot be made of what was sent.";
  const refusal = expect.objectContaining({ code: "invalid_input", status: 400, message });
  expect(() => url?.({} as never, {})).toThrow(refusal);
});
