// @ts-check
import { fileURLToPath } from "node:url";
import express from "express";
import { securityHeaders } from "./headers.mjs";
import { refuseThrown, routesFor } from "./http-actions.mjs";
import { COOKIE } from "./sign-in.mjs";
import { cookieOf, ofHeaders } from "./visitor.mjs";

const PUBLIC = fileURLToPath(new URL("../public", import.meta.url));

/**
 * The application of Express: the page, signing in, and the actions of the chat over HTTP.
 *
 * @param {express.Express} app
 * @param {object} parts
 * @param {ReturnType<typeof import("./sign-in.mjs").makeSignIn>} parts.signIn
 * @param {import("@portcullis/core/continuity").Revocations} parts.revocations
 * @param {express.RequestHandler} parts.settings
 * @param {import("./policy-in-force.mjs").PolicyInForce} parts.inForce
 * @param {ReadonlyMap<string, import("./actions.mjs").Action>} parts.actions
 * @param {import("./decision-feed.mjs").DecisionFeed} parts.feed
 * @param {import("./pages.mjs").Pages} parts.pages
 * @param {readonly string[]} parts.hosts
 * @param {readonly string[]} parts.origins
 */
export function buildApp(app, { signIn, revocations, settings, inForce, actions, feed, pages, hosts, origins }) {
  const headers = securityHeaders(hosts);
  app.disable("x-powered-by");
  app.use((request, response, next) => {
    response.set(headers);
    // With DNS rebinding, a page of another site would be same-origin with this server.
    if (!hosts.includes(request.get("host") ?? "")) response.status(421).send("This server has another name.\n");
    else next();
  });
  app.use(express.static(PUBLIC, { cacheControl: false }));
  app.use(refuseForeign(origins), express.json({ limit: "64kb" }), express.urlencoded({ extended: false }));
  app.use(settings);
  app.use((request, _response, next) => {
    const cookie = cookieOf(ofHeaders(request), COOKIE);
    if (cookie !== undefined) request.headers.cookie = cookie;
    next();
  });
  app.use(...signIn.identify);
  app.post("/login", signIn.check, (request, response) => {
    const { id, name } = /** @type {import("./accounts.mjs").Account} */ (request.user);
    const { page } = ofHeaders(request);
    if (typeof page === "string") pages.signedIn(page, request.sessionID);
    const expiresIn = signIn.leases.begin(request.sessionID);
    response.json({ account: id, name, session: signIn.cookieValue(request.sessionID), expiresIn });
  });
  app.post("/renew", signedIn, (request, response) => {
    response.json({ expiresIn: signIn.leases.begin(request.sessionID) });
  });
  app.post("/sign-out-others", signedIn, async (request, response) => {
    const { id } = /** @type {import("./accounts.mjs").Account} */ (request.user);
    // Written first, then revoked.
    await signIn.endOthers(id, request.sessionID);
    await revocations.revoke(`user:${id}`, { except: `session:${request.sessionID}` });
    response.status(204).end();
  });
  app.post("/logout", (request, response, next) => {
    const { page } = ofHeaders(request);
    if (typeof page === "string") pages.signedOut(page, request.sessionID);
    signIn.leases.end(request.sessionID);
    request.session.destroy((error) => (error ? next(error) : response.status(204).end()));
  });
  const routes = (/** @type {import("./policy-in-force.mjs").PolicyInForce["made"]} */ { consumer, actions: known }) =>
    routesFor({ policy: consumer.policy, known, actions, feed });
  let actionRoutes = routes(inForce.made);
  inForce.follow((made) => {
    actionRoutes = routes(made);
  });
  app.use((request, response, next) => actionRoutes(request, response, next));
  app.use((_request, response) => void response.status(404).type("text/plain").send("There is no such page.\n"));
  app.use(refuseThrown);
}

/** @type {express.RequestHandler} */
function signedIn(request, response, next) {
  if (request.user) return next();
  response.status(401).json({ message: "Sign in first." });
  return undefined;
}

/**
 * Refuses requests of other sites' pages, which carry the cookie of this one.
 *
 * @param {readonly string[]} origins
 * @returns {express.RequestHandler}
 */
function refuseForeign(origins) {
  return (request, response, next) => {
    const origin = request.get("origin");
    if (origin === undefined || origins.includes(origin)) next();
    else response.status(403).type("text/plain").send("This request comes from another site.\n");
  };
}
