// The middlewares that are measured, and the requests they are asked about.

import { createHmac } from "node:crypto";
import { expressjwt } from "express-jwt";
import session from "express-session";
import jsonwebtoken from "jsonwebtoken";
import passport from "passport";

const SECRET = "a secret of at least thirty-two bytes";
const USER = Object.freeze({ id: "ann" });

const bearer = (token) => ({ authorization: `Bearer ${token}` });

function sessionCookie(id) {
  const signature = createHmac("sha256", SECRET).update(id).digest("base64").replace(/=+$/, "");
  return { cookie: `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}` };
}

function signedIn() {
  const store = new session.MemoryStore();
  store.set("ann", { cookie: { originalMaxAge: null, path: "/" }, passport: { user: "ann" } });
  const authenticator = new passport.Passport();
  authenticator.deserializeUser((_id, done) => done(null, USER));
  const requireLogin = (request, response, next) => {
    if (request.isAuthenticated()) next();
    else response.status(401).json({ message: "Sign in first." });
  };
  const sessions = session({ secret: SECRET, store, resave: false, saveUninitialized: false });
  return [sessions, authenticator.session(), requireLogin];
}

/** `requests` are asked in rotation; `expected` says which are allowed. */
export const CHAINS = [
  {
    title: "A middleware that does nothing",
    expected: [true],
    chainOf: () => [(_request, _response, next) => next()],
    requests: [{}],
  },
  {
    title: "express-jwt: one token of three is good",
    expected: [true, false, false],
    chainOf: () => [
      expressjwt({ secret: SECRET, algorithms: ["HS256"] }),
      // Four parameters: it takes the error, and answers without a stack.
      (error, _request, response, _next) => response.status(error.status).json({ message: error.message }),
    ],
    requests: [bearer(jsonwebtoken.sign({ sub: "ann" }, SECRET)), {}, bearer("not.a.token")],
  },
  {
    title: "express-session and passport.session(): one of two is signed in",
    expected: [true, false],
    chainOf: signedIn,
    requests: [sessionCookie("ann"), {}],
  },
];
