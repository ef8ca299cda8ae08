import flash from "connect-flash";
import cookieParser from "cookie-parser";
import cookieSession from "cookie-session";
import { doubleCsrf } from "csrf-csrf";
import { csrfSync } from "csrf-sync";
import csurf from "csurf";
import { auth, requiresAuth } from "express-openid-connect";
import session, { MemoryStore } from "express-session";
import lusca from "lusca";
import { CSRF_SECRET, check, csrfToken, keygripCookie, luscaToken, SECRET, signedValue } from "../guards.js";
import { type Row, withExpress } from "../row.js";
import { token } from "../tokens.js";
import { SESSION_CASES, sessionCookie } from "./passport.js";

const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64");

/** Sessions of express-session with stored data of Ann. */
function sessionsOf(known: object = { name: "ann" }, options: object = {}) {
  const store = new MemoryStore();
  store.set("ann", { cookie: { originalMaxAge: null, path: "/", httpOnly: true }, ...known });
  return session({ secret: SECRET, store, resave: false, saveUninitialized: false, ...options });
}
const isAnn = check(
  403,
  "that is not Ann",
  ({ session: found }) => (found as { name?: string } | null)?.name === "ann",
);

/** Requests for a guard against forged requests, which checks writing methods only. */
function forgeryCases(cookie: object, good: Record<string, string>) {
  return {
    allowed: { headers: { ...cookie, ...good }, only: "action" as const },
    refused: { headers: { ...cookie }, only: "action" as const },
    malformed: {
      headers: { ...cookie, ...Object.fromEntries(Object.keys(good).map((name) => [name, "?"])) },
      only: "action" as const,
    },
    // The reason why such a guard does not protect a handshake.
    allowedAtConnect: { headers: { ...cookie, origin: "https://evil.example" }, only: "connect" as const },
  };
}

export const sessionFamily: Row[] = [
  withExpress("express-session", "a session", () => ({
    subject: sessionsOf(),
    after: isAnn,
    cases: SESSION_CASES,
  })),
  withExpress("express-session", "a session that is renewed with every answer", () => ({
    subject: sessionsOf({ name: "ann" }, { rolling: true, cookie: { maxAge: 60_000 } }),
    after: isAnn,
    cases: SESSION_CASES,
  })),
  withExpress("cookie-session", "a session in a cookie", () => ({
    subject: cookieSession({ name: "own", keys: [SECRET] }),
    after: isAnn,
    cases: {
      allowed: { headers: { cookie: keygripCookie("own", json({ name: "ann" })) } },
      refused: {},
      malformed: { headers: { cookie: `own=${json({ name: "ann" })}; own.sig=forged` } },
      refusedAsBob: { headers: { cookie: keygripCookie("own", json({ name: "bob" })) } },
    },
  })),
  withExpress("cookie-session", "a session that is changed", () => ({
    subject: [
      cookieSession({ name: "own", keys: [SECRET] }),
      (request: { session: { seen?: number } }, _response: unknown, next: () => void) => {
        request.session.seen = (request.session.seen ?? 0) + 1;
        next();
      },
    ],
    after: isAnn,
    cases: {
      allowed: { headers: { cookie: keygripCookie("own", json({ name: "ann" })) } },
      refused: {},
      malformed: { headers: { cookie: "own=%%%; own.sig=forged" } },
    },
  })),
  withExpress("cookie-parser", "a signed cookie", () => ({
    subject: cookieParser(SECRET),
    after: check(
      401,
      "no name",
      ({ signedCookies }) => (signedCookies as { name?: string } | undefined)?.name === "ann",
    ),
    cases: {
      allowed: { headers: { cookie: `name=${signedValue("ann")}` } },
      refused: {},
      malformed: { headers: { cookie: "name=s%3Aann.forged" } },
      refusedUnsigned: { headers: { cookie: "name=ann" } },
    },
  })),
  withExpress("connect-flash", "messages in the session", () => ({
    before: sessionsOf({ flash: { key: ["ann"] } }),
    subject: flash(),
    after: check(403, "no message", (request) => (request.flash as (name: string) => string[])("key")[0] === "ann"),
    cases: {
      // A flash message is read once and then removed.
      allowed: { headers: sessionCookie("ann") },
      refused: { headers: sessionCookie("ann") },
      malformed: { headers: { cookie: "connect.sid=s%3Aann.forged" } },
    },
  })),
  withExpress("express-openid-connect", "requiresAuth() with a session in a store", () => {
    const session = {
      header: {
        iat: Math.floor(Date.now() / 1000),
        uat: Math.floor(Date.now() / 1000),
        exp: Math.floor(Date.now() / 1000) + 600,
      },
      data: { id_token: token(), token_type: "Bearer" },
    };
    const store = {
      get: (id: string, done: (error: unknown, found?: unknown) => void) => done(null, id === "ann" ? session : null),
      set: (_id: string, _session: unknown, done: (error: unknown) => void) => done(null),
      destroy: (_id: string, done: (error: unknown) => void) => done(null),
    };
    return {
      subject: [
        auth({
          authRequired: false,
          errorOnRequiredAuth: true,
          baseURL: "https://app.example",
          issuerBaseURL: "https://issuer.example",
          clientID: "app",
          secret: SECRET,
          session: { store: store as never, signSessionStoreCookie: false, requireSignedSessionStoreCookie: false },
          routes: { login: false, logout: false, callback: "/callback" },
        }),
        requiresAuth(),
      ],
      // The package includes a router with its own routes, none of which is used here.
      options: { unmatched: "allow", stopAt: [] },
      cases: {
        allowed: { headers: { cookie: "appSession=ann" } },
        refused: {},
        malformed: { headers: { cookie: "appSession=%%" } },
        refusedUnknown: { headers: { cookie: "appSession=bob" } },
      },
    };
  }),
  withExpress("csurf", "a token against forged requests", () => ({
    before: sessionsOf({ csrfSecret: CSRF_SECRET }),
    subject: csurf(),
    cases: forgeryCases(sessionCookie("ann"), { "csrf-token": csrfToken() }),
  })),
  withExpress("csrf-sync", "a token against forged requests", () => ({
    before: sessionsOf({ csrfToken: "token" }),
    subject: csrfSync().csrfSynchronisedProtection as never,
    cases: forgeryCases(sessionCookie("ann"), { "x-csrf-token": "token" }),
  })),
  withExpress("csrf-csrf", "a double token against forged requests", () => {
    const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
      getSecret: () => SECRET,
      getSessionIdentifier: () => "ann",
      cookieName: "csrf",
      cookieOptions: { secure: false },
    });
    const kept: Record<string, string> = {};
    const response = { cookie: (name: string, value: string) => void Object.assign(kept, { [name]: value }) };
    const doubleToken = generateCsrfToken({ cookies: {} } as never, response as never);
    return {
      before: cookieParser(),
      subject: doubleCsrfProtection as never,
      cases: forgeryCases({ cookie: `csrf=${encodeURIComponent(kept.csrf ?? "")}` }, { "x-csrf-token": doubleToken }),
    };
  }),
  withExpress("lusca", "a token against forged requests", () => ({
    before: sessionsOf({ _csrfSecret: CSRF_SECRET }),
    subject: lusca.csrf(),
    cases: forgeryCases(sessionCookie("ann"), { "x-csrf-token": luscaToken() }),
  })),
];
