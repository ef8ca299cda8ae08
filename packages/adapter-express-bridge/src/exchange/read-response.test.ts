import express, { type Response } from "express";
import { afterEach, describe, expect, test, vi } from "vitest";
import { askAction } from "../../test/support.js";
import { fromExpress } from "../index.js";
import { secondsOf } from "./read-response.js";

afterEach(() => void vi.useRealTimers());

const app = express();
const DEFAULT = "You do not have permission to perform this action.";
const ask = (answer: (response: Response) => void) =>
  askAction(fromExpress((_request, response) => answer(response), { app }));

describe("the message of a refusal is", () => {
  const json = (said: unknown) => (r: Response) => void r.json(said);
  const text = (said: string, type = "text/plain") => {
    return (r: Response) => void r.setHeader("content-type", type).end(said);
  };
  const x = (bytes: number) => "x".repeat(bytes);
  test.each<[string, (response: Response) => void, string]>([
    ["a text", text("Not yours"), "Not yours"],
    ["a text without the white space around it", text("\n  Not yours \n"), "Not yours"],
    ["a text that is called HTML", text("Not yours", "text/html; charset=utf-8"), "Not yours"],
    ["a text that is called nothing", (r) => void r.end("Not yours"), "Not yours"],
    ["nothing of a text that is called something else", text("Not yours", "application/octet-stream"), DEFAULT],
    ["nothing of a text whose type ends like one", text("Not yours", "application/text/html"), DEFAULT],
    ["nothing of another kind of text", text("Not yours", "text/plaintext"), DEFAULT],
    ["nothing of a page", text("Sorry <b>no"), DEFAULT],
    ["nothing of an XML document", text("<?xml version='1.0'?>", "text/plain"), DEFAULT],
    ["a text with another angle", text("1 < 2"), "1 < 2"],
    ["nothing of white space", text("  \n "), DEFAULT],
    ["the longest text", text(x(1024)), x(1024)],
    ["nothing of a text that is longer", text(x(1025)), DEFAULT],
    ["nothing of a text that is far longer", text(x(9000)), DEFAULT],
    ["`message`", json({ message: "a", error: "b" }), "a"],
    ["`error`", json({ error: "b", detail: "c" }), "b"],
    ["`error.message`", json({ error: { message: "b" }, detail: "c" }), "b"],
    ["`detail`", json({ error: null, detail: "c", errors: ["d"] }), "c"],
    ["the first of `errors`", json({ errors: ["d", "e"] }), "d"],
    ["`message` of the first of `errors`", json({ errors: [{ message: "e", msg: "f" }] }), "e"],
    ["`msg` of the first of `errors`", json({ errors: [{ msg: "f" }, { msg: "g" }] }), "f"],
    ["nothing of errors that are no list", json({ errors: { 0: "d" } }), DEFAULT],
    ["the next where one is empty", json({ message: " ", error: "", detail: "c" }), "c"],
    ["the next where one is no text", json({ message: 7, error: ["b"], detail: "c" }), "c"],
    ["nothing of errors that are empty", json({ errors: [null] }), DEFAULT],
    ["a text in JSON", json("Not yours"), "Not yours"],
    ["nothing of null", json(null), DEFAULT],
    ["nothing of a number", json(7), DEFAULT],
    ["nothing of JSON that is broken", text('{"message":"a"', "application/json"), DEFAULT],
    ["that of problem details", text('{"title":"t","detail":"c"}', "application/problem+json"), "c"],
    ["nothing of what only sounds like JSON", text('{"message":"a"}', "application/jsonp"), DEFAULT],
    ["the longest in JSON", json({ message: x(1024) }), x(1024)],
    ["the beginning of one that is longer", json({ message: x(1100) }), x(1024)],
    ["cut where a character ends", json({ message: `${x(1021)}😀!` }), x(1021)],
    ["not cut where a character just fits", json({ message: `${x(1020)}😀!` }), `${x(1020)}😀`],
  ])("%s", async (_what, answer, reason) => {
    expect(await ask((response) => answer(response.status(403)))).toMatchObject({ status: 403, reason });
  });

  test("nothing of a body that is encoded", async () => {
    const encoded = (r: Response) => void r.status(403).type("text").set("content-encoding", "br").end("Not yours");
    expect(await ask(encoded)).toMatchObject({ status: 403, reason: DEFAULT });
  });
});

describe("the seconds of `Retry-After` are", () => {
  const NOW = Date.parse("2030-01-01T12:00:00.000Z");
  test.each<[string, string | number | string[], number | undefined]>([
    ["those that it says", "7", 7],
    ["those of a number", 7, 7],
    ["whole ones", "6.1", 7],
    ["never less than none", "-5", 0],
    ["none", "0", 0],
    ["those until a date", "Tue, 01 Jan 2030 12:00:30 GMT", 30],
    ["those until a date behind white space", "  Tue, 01 Jan 2030 12:00:30 GMT", 30],
    ["none where the date is over", "Tue, 01 Jan 2030 11:00:00 GMT", 0],
    ["the most where it says several", ["5", "60", "Tue, 01 Jan 2030 12:00:30 GMT", "soon"], 60],
    ["not known of numbers in a row", "5, 60", undefined],
    ["not known of a number before a name", "5 Jan", undefined],
    ["not known of something else", "soon", undefined],
    ["not known of what never comes", "Infinity", undefined],
    ["not known of nothing", "", undefined],
    ["not known of white space", "  ", undefined],
  ])("%s", async (_what, header, seconds) => {
    vi.useFakeTimers({ toFake: ["Date"], now: NOW });
    const limited = (r: Response) => void r.status(429).setHeader("retry-after", header).end();
    const decision = await ask(limited);
    expect(decision).toMatchObject({ outcome: "error", code: "rate_limited", status: 429 });
    expect(decision.retryAfter).toBe(seconds);
  });

  test("not known where there is no header", () => {
    expect([secondsOf(undefined), secondsOf([]), secondsOf(["soon"])]).toEqual([undefined, undefined, undefined]);
  });
});
