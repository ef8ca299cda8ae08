// @ts-check
import { toExpress } from "@portcullis/adapter-express-bridge";
import { PermissionDenied } from "@portcullis/core";
import express from "express";
import { ROUTES } from "../public/shared/routes.js";
import { ofHeaders, visitorOf } from "./visitor.mjs";

/**
 * @typedef {import("./consumer.mjs").ChatPolicy} ChatPolicy
 * @typedef {import("express").Request} Request
 * @typedef {import("express").Response} Response
 * @typedef {ReadonlyMap<string, import("./actions.mjs").Action>} Actions
 */

/**
 * The actions of the chat as HTTP routes, each behind the rule of the same policy that the sockets have.
 *
 * @param {object} parts
 * @param {ChatPolicy} parts.policy
 * @param {readonly string[]} parts.known the actions it knows
 * @param {Actions} parts.actions
 * @param {import("./decision-feed.mjs").DecisionFeed} parts.feed
 */
export function routesFor({ policy, known, actions, feed }) {
  const router = express.Router();
  for (const { action, method, path } of ROUTES) {
    // A socket refuses actions without a rule by itself. A route needs this handler.
    const guarded = known.includes(action) ? guardOf(policy, action, actions, feed) : refuseUnknown;
    router[method](path, guarded, run(action, actions));
  }
  router.post("/actions/:action", (request, response, next) => {
    const { action } = request.params;
    if (!known.includes(action)) refuseUnknown(request, response);
    else guardOf(policy, action, actions, feed)(request, response, next);
  });
  router.post("/actions/:action", (_request, response) => {
    response.json({ done: "This server does nothing for it." });
  });
  return router;
}

/**
 * @param {ChatPolicy} policy
 * @param {string} action
 * @param {Actions} actions
 * @param {import("./decision-feed.mjs").DecisionFeed} feed
 */
function guardOf(policy, action, actions, feed) {
  const object = actions.get(action)?.object;
  const authenticate = (/** @type {Request} */ request) => visitorOf(ofHeaders(request), request.user, "HTTP");
  const guarded = toExpress(policy, action, {
    authenticate,
    ...(object && { object: (/** @type {Request} */ _request, payload) => object(payload) }),
    trace: true,
    onDecision: (decision, /** @type {Request} */ request, made) => {
      const { startedAt } = /** @type {Response} */ (request.res).locals;
      const { page, client } = ofHeaders(request);
      const scope = { user: request.user, page, client: Number(client) || 0, carrier: "HTTP" };
      const milliseconds = performance.now() - startedAt;
      feed.report({ ...made, action, decision, scope, milliseconds });
    },
  });
  return (
    /** @type {Request} */ request,
    /** @type {Response} */ response,
    /** @type {express.NextFunction} */ next,
  ) => {
    response.locals.startedAt = performance.now();
    return guarded(request, response, next);
  };
}

/**
 * @param {string} name
 * @param {Actions} actions
 * @returns {express.RequestHandler}
 */
function run(name, actions) {
  return (request, response) => {
    const payload = { ...request.query, ...request.body, ...request.params };
    const { object, run } = /** @type {import("./actions.mjs").Action} */ (actions.get(name));
    const user = /** @type {import("./accounts.mjs").Account | undefined} */ (request.user) ?? null;
    response.json(run({ user, payload, object: object?.(payload) }));
  };
}

/**
 * @param {Request} _request
 * @param {Response} response
 */
function refuseUnknown(_request, response) {
  refuse(response, { status: 405, code: "unknown_action", reason: "Unknown action." });
}

/**
 * Sends a refusal in the format of `toExpress`.
 *
 * @param {Response} response
 * @param {{ status: number, code: string, reason: string }} refusal
 */
function refuse(response, { status, code, reason }) {
  response.status(status).type("application/problem+json");
  response.send(JSON.stringify({ type: "about:blank", status, detail: reason, code }));
}

/**
 * Answers errors of handlers and of the body parser.
 *
 * @param {any} error
 * @param {Request} _request
 * @param {Response} response
 * @param {express.NextFunction} next
 */
export function refuseThrown(error, _request, response, next) {
  if (response.headersSent) next(error);
  else if (PermissionDenied.isInstance(error)) {
    const { status = 403, code = "permission_denied", reason = "" } = error;
    refuse(response, { status, code, reason });
  } else if (error?.status >= 400 && error.status < 500)
    refuse(response, { status: error.status, code: "bad_message", reason: String(error.message) });
  else {
    console.error(error);
    refuse(response, { status: 500, code: "server_error", reason: "Something went wrong." });
  }
}
