import { celebrate, errors, Joi, Segments } from "celebrate";
import { body, query, validationResult } from "express-validator";
import hpp from "hpp";
import methodOverride from "method-override";
import multer from "multer";
import { check, KEY_CASES, keyAnd } from "../guards.js";
import { type Row, withExpress } from "../row.js";

type Response = { status(code: number): Response; json(body: unknown): void };
const action = "action" as const;
const connect = "connect" as const;

const NO_OTHER_METHOD = "a client never chooses the method";

export const inputFamily: Row[] = [
  withExpress("express-validator", "query and body", () => ({
    subject: [
      query("room").isAlpha(),
      body("count").optional().isInt({ max: 10 }),
      (request: never, response: Response, next: () => void) => {
        const found = validationResult(request);
        if (found.isEmpty()) next();
        else response.status(422).json({ errors: found.array() });
      },
    ] as never,
    cases: {
      allowed: { path: "/?room=lobby" },
      refused: {},
      malformed: { path: "/?room=7" },
      allowedBody: { path: "/?room=lobby", payload: { count: 3 }, only: action },
      refusedBody: { path: "/?room=lobby", payload: { count: 30 }, only: action },
    },
  })),
  withExpress("express-validator", "a body that is sanitised", () => ({
    subject: [
      body("count").isInt({ max: 10 }).toInt(),
      body("name").optional().trim(),
      (request: never, response: Response, next: () => void) => {
        const found = validationResult(request);
        if (found.isEmpty()) next();
        else response.status(422).json({ errors: found.array() });
      },
    ] as never,
    changes: "body",
    cases: {
      allowed: { payload: { count: "3", name: " ann " }, only: action },
      refused: { payload: { count: "30" }, only: action },
      malformed: { payload: { count: {} }, only: action },
    },
  })),
  withExpress("celebrate", "a schema that converts the body", () => ({
    subject: [
      celebrate({
        [Segments.BODY]: Joi.object({ count: Joi.number().required(), room: Joi.string().default("lobby") }),
      }),
      errors(),
    ] as never,
    changes: "body",
    cases: {
      allowed: { payload: { count: "3" }, only: action },
      refused: { payload: {}, only: action },
      malformed: { payload: { count: "x" }, only: action },
    },
  })),
  withExpress("celebrate", "a schema for the query", () => ({
    subject: [
      celebrate({ [Segments.QUERY]: Joi.object({ room: Joi.string().alphanum().required() }) }),
      errors(),
    ] as never,
    cases: {
      allowed: { path: "/?room=lobby" },
      refused: {},
      malformed: { path: "/?room[]=1&room[]=2" },
    },
  })),
  withExpress("celebrate", "a schema for the body", () => ({
    subject: [celebrate({ [Segments.BODY]: Joi.object({ room: Joi.string().required() }) }), errors()] as never,
    cases: {
      allowed: { payload: { room: "lobby" }, only: action },
      refused: { payload: {}, only: action },
      malformed: { payload: { room: { $ne: null } }, only: action },
    },
  })),
  withExpress("express", "express.json() with a limit and a check of the raw bytes", ({ express }) => ({
    readsBody: true,
    subject: express.json({
      limit: 200,
      verify: (_request, _response, bytes) => {
        if (bytes.includes("forbidden")) throw Object.assign(new Error("a forbidden word"), { status: 403 });
      },
    }),
    cases: {
      allowed: { payload: { text: "hello" }, only: action },
      refused: { payload: { text: "x".repeat(300) }, only: action },
      malformed: { payload: { text: "forbidden" }, only: action },
    },
  })),
  withExpress("express", "express.json() and a guard of the body", ({ express }) => ({
    readsBody: true,
    subject: [
      express.json(),
      check(403, "not yours", ({ body: read }) => (read as { owner?: string } | undefined)?.owner === "ann"),
    ] as never,
    cases: {
      allowed: { payload: { owner: "ann" }, only: action },
      refused: { payload: { owner: "bob" }, only: action },
      malformed: { payload: { owner: ["ann", "bob"] }, only: action },
      refusedPrototype: { payload: JSON.parse('{"__proto__":{"owner":"ann"}}'), only: action },
    },
  })),
  withExpress("hpp", "repeated query parameters", ({ app }) => {
    app.set("query parser", "extended");
    return {
      // In Express 5 the query cannot be assigned. Applications make it assignable.
      before: (request: object & { query: unknown }, _response: unknown, next: () => void) => {
        Object.defineProperty(request, "query", { value: request.query, writable: true, configurable: true });
        next();
      },
      subject: hpp(),
      changes: "query",
      after: check(403, "no such role", ({ query: read }) => (read as { role?: unknown }).role === "reader"),
      cases: {
        allowed: { path: "/?role=admin&role=reader" },
        refused: { path: "/?role=reader&role=admin" },
        malformed: { path: "/?role[x]=reader" },
      },
    };
  }),
  withExpress("multer", "fields and no files", () => ({
    subject: [multer().none(), ...keyAnd("the body", ({ body: read }) => read !== null)] as never,
    cases: {
      ...KEY_CASES,
      refusedUpload: {
        headers: { "x-api-key": "ann", "content-type": "multipart/form-data; boundary=x" },
        only: action,
        differs: { action: "a message is JSON, never an upload" },
      },
    },
  })),
  withExpress("method-override", "another method by query", () => ({
    subject: methodOverride("_method", { methods: ["GET", "POST"] }),
    after: check(405, "only to delete", ({ method }) => method === "DELETE"),
    cases: {
      allowed: { path: "/?_method=DELETE", differs: { connect: NO_OTHER_METHOD, action: NO_OTHER_METHOD } },
      refused: {},
      malformed: { path: "/?_method=PURGED" },
    },
  })),
  withExpress("method-override", "another method by header", () => ({
    subject: methodOverride("X-HTTP-Method-Override", { methods: ["GET", "POST"] }),
    after: check(405, "only to read", ({ method }) => method === "GET"),
    cases: {
      allowed: { only: connect },
      refused: { only: action },
      malformed: { headers: { "x-http-method-override": "PURGED" }, only: action },
      allowedByHeader: {
        headers: { "x-http-method-override": "GET" },
        only: action,
        differs: { action: NO_OTHER_METHOD },
      },
    },
  })),
];
