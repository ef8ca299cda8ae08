// @ts-check
import { randomBytes, timingSafeEqual } from "node:crypto";
import { PermissionMisuse } from "@portcullis/core";
import express from "express";
import { PolicyTextError, positionOf } from "../public/shared/tokens.js";
import { isFaultKind } from "./faults.mjs";

/**
 * Routes that read and change the state of the running server. A change takes the token of the page and its origin. A
 * page of another site can send a request here, but it has neither.
 *
 * @param {object} parts
 * @param {import("./policy-in-force.mjs").PolicyInForce} parts.inForce
 * @param {import("./faults.mjs").Faults} parts.faults
 * @param {import("./decision-feed.mjs").DecisionFeed} parts.feed
 * @param {readonly string[]} parts.origins
 * @param {readonly import("./rule-sources.mjs").KnownRule[]} parts.known
 * @param {import("./accounts.mjs").Accounts} parts.accounts
 * @param {import("@portcullis/core/continuity").Revocations} parts.revocations
 * @param {boolean} parts.isDemo
 */
export function settings({ inForce, faults, feed, origins, known, accounts, revocations, isDemo }) {
  const token = randomBytes(24).toString("base64url");
  const router = express.Router();
  router.get("/state", (_request, response) => {
    const { text, version, rules } = inForce;
    const policy = { text, version, rules };
    const people = { banned: accounts.banned(), demoted: accounts.demoted() };
    response.json({ token, policy, faults: faults.list(), known, ...people, isDemo });
  });
  const fromPage = pageOnly(token, origins);
  router.post("/policy", fromPage, (request, response) => {
    const text = request.body?.text;
    if (typeof text !== "string") {
      response.status(422).json({ message: "A policy is a text." });
      return;
    }
    try {
      inForce.apply(text);
      response.json({ version: inForce.version });
    } catch (error) {
      const refusal = refusalOf(error, text);
      if (refusal === undefined) throw error;
      response.status(422).json(refusal);
    }
  });
  router.post("/faults", fromPage, (request, response) => {
    const { rule, kind } = request.body ?? {};
    if (!inForce.rules.includes(rule) || (kind !== null && !isFaultKind(kind))) {
      response.status(422).json({ message: "There is no such rule, or no such fault." });
      return;
    }
    faults.set(rule, kind);
    feed.announce("faults", faults.list());
    response.json(faults.list());
  });
  router.post("/roles", fromPage, async (request, response) => {
    const { account: id, areTaken } = request.body ?? {};
    const account = accounts.find(id);
    if (account === undefined || typeof areTaken !== "boolean") {
      response.status(422).json({ message: "There is no such account." });
      return;
    }
    accounts.demote(account, areTaken);
    await revocations.refresh(`user:${account.id}`);
    feed.announce("demoted", accounts.demoted());
    response.json(accounts.demoted());
  });
  return router;
}

/**
 * Describes the error in a policy, which is in its text or in its rules.
 *
 * @param {unknown} error
 * @param {string} text
 */
function refusalOf(error, text) {
  if (PermissionMisuse.isInstance(error)) return { message: error.message };
  if (!(error instanceof PolicyTextError)) return undefined;
  const { message, start, end } = error;
  return { message, start, end, ...positionOf(text, start) };
}

/**
 * @param {string} token
 * @param {readonly string[]} origins
 * @returns {express.RequestHandler}
 */
function pageOnly(token, origins) {
  const expected = Buffer.from(token);
  return (request, response, next) => {
    const given = Buffer.from(request.get("x-page-token") ?? "");
    const isToken = given.length === expected.length && timingSafeEqual(given, expected);
    if (isToken && origins.includes(request.get("origin") ?? "")) next();
    else response.status(403).json({ message: "Only the page of this playground may change its rules." });
  };
}
