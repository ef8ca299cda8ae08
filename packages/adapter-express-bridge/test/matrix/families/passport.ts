import connectEnsureLogin from "connect-ensure-login";
import cookieParser from "cookie-parser";
import session, { MemoryStore } from "express-session";
import passport, { type Strategy } from "passport";
import { Strategy as Anonymous } from "passport-anonymous";
import Cookie from "passport-cookie";
import { Strategy as Custom } from "passport-custom";
import { HeaderAPIKeyStrategy } from "passport-headerapikey";
import { BasicStrategy } from "passport-http";
import { Strategy as Bearer } from "passport-http-bearer";
import { ExtractJwt, Strategy as Jwt } from "passport-jwt";
import { Strategy as Local } from "passport-local";
import { basic, check, SECRET, signedValue } from "../guards.js";
import { type Row, withExpress } from "../row.js";
import { BEARER_CASES, bearer } from "../tokens.js";

type Done = (error: unknown, user?: unknown, info?: unknown) => void;
const ANN = { id: "ann", roles: ["editor"] };
const findUser = (name: unknown, done: Done) => done(null, name === "ann" ? ANN : false, { message: "unknown" });

function authenticatorOf(strategy: Strategy) {
  const authenticator = new passport.Passport();
  authenticator.use("own", strategy);
  return authenticator;
}
const only = (strategy: unknown) => authenticatorOf(strategy as Strategy).authenticate("own", { session: false });
const isKnown = check(401, "nobody is signed in", ({ user }) => user !== undefined);

/** Middlewares of a server with sessions in which Ann is signed in. */
export function signedInSessions() {
  const store = new MemoryStore();
  const cookie = { originalMaxAge: null, path: "/", httpOnly: true } as never;
  store.set("ann", { cookie, passport: { user: "ann" }, name: "ann" } as never);
  store.set("anonymous", { cookie } as never);
  const sessions = session({ secret: SECRET, store, resave: false, saveUninitialized: false });
  const authenticator = new passport.Passport();
  authenticator.deserializeUser((id, done) => findUser(id, done as Done));
  return { sessions, authenticator };
}
export const sessionCookie = (id: string) => ({ cookie: `connect.sid=${signedValue(id)}` });
export const SESSION_CASES = {
  allowed: { headers: sessionCookie("ann") },
  refused: {},
  malformed: { headers: { cookie: "connect.sid=s%3Aann.forged" } },
  refusedAnonymous: { headers: sessionCookie("anonymous") },
  refusedUnknown: { headers: sessionCookie("nobody") },
};

export const passportFamily: Row[] = [
  withExpress("passport", "passport.session()", () => {
    const { sessions, authenticator } = signedInSessions();
    return { before: sessions, subject: authenticator.session(), after: isKnown, cases: SESSION_CASES };
  }),
  withExpress("connect-ensure-login", "a redirect to the login", () => {
    const { sessions, authenticator } = signedInSessions();
    return {
      before: [sessions, authenticator.session()],
      subject: connectEnsureLogin.ensureLoggedIn("/login"),
      cases: SESSION_CASES,
    };
  }),
  withExpress("passport-local", "name and password", () => ({
    subject: only(
      new Local((name: string, password: string, done: Done) => findUser(password === "secret" && name, done)),
    ),
    cases: {
      allowed: { path: "/?username=ann&password=secret" },
      refused: { path: "/?username=ann&password=wrong" },
      malformed: { path: "/?username=ann" },
      allowedByBody: { payload: { username: "ann", password: "secret" }, only: "action" },
      refusedByBody: { payload: { username: "ann", password: "wrong" }, only: "action" },
    },
  })),
  withExpress("passport-jwt", "a bearer token", () => ({
    subject: only(
      new Jwt(
        { jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: SECRET },
        ({ sub }: { sub: string }, done: Done) => findUser(sub, done),
      ),
    ),
    cases: BEARER_CASES,
  })),
  withExpress("passport-http", "basic authentication", () => ({
    subject: only(
      new BasicStrategy((name: string, password: string, done: Done) => findUser(password === "secret" && name, done)),
    ),
    cases: {
      allowed: { headers: { authorization: basic("ann", "secret") } },
      refused: { headers: { authorization: basic("ann", "wrong") } },
      malformed: { headers: { authorization: "Basic" } },
      refusedWithout: {},
    },
  })),
  withExpress("passport-http-bearer", "an opaque token", () => ({
    subject: only(new Bearer((found: string, done: Done) => findUser(found, done))),
    cases: {
      allowed: { headers: bearer("ann") },
      refused: {},
      malformed: { path: "/?access_token=ann", headers: bearer("ann") },
      refusedUnknown: { headers: bearer("bob") },
      allowedByQuery: { path: "/?access_token=ann" },
    },
  })),
  withExpress("passport-headerapikey", "a key in a header", () => ({
    subject: only(
      new HeaderAPIKeyStrategy({ header: "X-Key", prefix: "Key " }, false, (key, done) => findUser(key, done as Done)),
    ),
    cases: {
      allowed: { headers: { "x-key": "Key ann" } },
      refused: { headers: { "x-key": "Key bob" } },
      malformed: { headers: { "x-key": "ann" } },
      refusedWithout: {},
    },
  })),
  withExpress("passport-anonymous", "an optional token, then a guard", () => {
    const authenticator = new passport.Passport();
    authenticator.use(
      "jwt",
      new Jwt(
        { jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: SECRET },
        ({ sub }: { sub: string }, done: Done) => findUser(sub, done),
      ),
    );
    authenticator.use("anonymous", new Anonymous());
    return {
      subject: authenticator.authenticate(["jwt", "anonymous"], { session: false }),
      after: isKnown,
      cases: BEARER_CASES,
    };
  }),
  withExpress("passport-custom", "a custom strategy", () => ({
    subject: only(new Custom(({ headers }, done) => findUser(headers["x-name"], done))),
    cases: {
      allowed: { headers: { "x-name": "ann" } },
      refused: { headers: { "x-name": "bob" } },
      malformed: { headers: { "x-name": "" } },
    },
  })),
  withExpress("passport-cookie", "a token in a cookie", () => ({
    before: cookieParser(),
    subject: only(new Cookie((found: string, done: Done) => findUser(found, done))),
    cases: {
      allowed: { headers: { cookie: "token=ann" } },
      refused: { headers: { cookie: "token=bob" } },
      malformed: { headers: { cookie: "token" } },
    },
  })),
];
