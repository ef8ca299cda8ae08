import { generateKeyPairSync } from "node:crypto";
import bearerToken from "express-bearer-token";
import { expressjwt } from "express-jwt";
import jwtAuthz from "express-jwt-authz";
import guardOf from "express-jwt-permissions";
import { auth } from "express-oauth2-jwt-bearer";
import { unless } from "express-unless";
import jsonwebtoken from "jsonwebtoken";
import jwksRsa from "jwks-rsa";
import { check, SECRET } from "../guards.js";
import { type Row, withExpress } from "../row.js";
import { BEARER_CASES, bearer, token } from "../tokens.js";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k1", use: "sig", alg: "RS256" };
const rsaToken = (kid: string) => jsonwebtoken.sign({ sub: "ann" }, privateKey, { algorithm: "RS256", keyid: kid });
const readToken = () => expressjwt({ secret: SECRET, algorithms: ["HS256"] });
const API = { issuer: "https://issuer.example/", audience: "api" };

export const jwtFamily: Row[] = [
  withExpress("express-jwt", "a bearer token", () => ({ subject: readToken(), cases: BEARER_CASES })),
  withExpress("express-jwt-permissions", "permissions in the token", () => ({
    before: readToken(),
    subject: guardOf({ requestProperty: "auth" }).check("reports:write"),
    cases: {
      allowed: { headers: bearer(token({ permissions: ["reports:write"] })) },
      refused: { headers: bearer(token({ permissions: ["reports:read"] })) },
      malformed: { headers: bearer(token({ permissions: 7 })) },
      refusedWithout: {},
    },
  })),
  withExpress("express-jwt-authz", "OAuth scopes in the token", () => ({
    before: readToken(),
    subject: jwtAuthz(["write:reports"], { customUserKey: "auth" } as never),
    cases: {
      allowed: { headers: bearer(token({ scope: "read:reports write:reports" })) },
      refused: { headers: bearer(token({ scope: "read:reports" })) },
      malformed: { headers: bearer(token({ scope: { write: true } })) },
    },
  })),
  withExpress("express-oauth2-jwt-bearer", "an access token of an issuer", () => ({
    subject: auth({
      issuer: API.issuer,
      audience: API.audience,
      secret: SECRET,
      tokenSigningAlg: "HS256",
    }),
    cases: {
      allowed: { headers: bearer(token({}, { issuer: API.issuer, audience: API.audience, expiresIn: 600 })) },
      refused: {},
      malformed: { headers: bearer("not.a.token") },
      refusedForAnother: { headers: bearer(token({}, { issuer: API.issuer, audience: "other", expiresIn: 600 })) },
    },
  })),
  withExpress("express-unless", "a token, except for one path", () => {
    const guarded = Object.assign(readToken(), { unless });
    return {
      before: [],
      subject: guarded.unless({ path: ["/public"] }),
      after: check(403, "no token where one is needed", ({ auth, path }) => auth !== undefined || path === "/public"),
      cases: {
        allowed: { path: "/public" },
        refused: { path: "/private" },
        malformed: { path: "/private", headers: bearer("nonsense") },
        allowedByToken: { path: "/private", headers: bearer(token()) },
      },
    };
  }),
  withExpress("jwks-rsa", "a token signed with a key of a set", () => ({
    subject: expressjwt({
      secret: jwksRsa.expressJwtSecret({
        jwksUri: "https://issuer.example/jwks",
        getKeysInterceptor: async () => [jwk] as never,
        fetcher: async () => ({ keys: [] }),
      } as never),
      algorithms: ["RS256"],
    }),
    cases: {
      allowed: { headers: bearer(rsaToken("k1")) },
      refused: {},
      malformed: { headers: bearer("not.a.token") },
    },
  })),
  withExpress("jsonwebtoken", "a custom guard", () => ({
    subject: check(401, "no token", ({ headers }) => {
      try {
        return jsonwebtoken.verify((headers.authorization ?? "").slice(7), SECRET);
      } catch {
        return false;
      }
    }),
    cases: BEARER_CASES,
  })),
  withExpress("express-bearer-token", "a token from header, query or body", () => ({
    subject: bearerToken(),
    after: check(401, "no token", ({ token: found }) => found === "ann"),
    cases: {
      allowed: { headers: bearer("ann") },
      refused: {},
      malformed: { path: "/?access_token=ann", headers: bearer("ann") },
      allowedByQuery: { path: "/?access_token=ann" },
      allowedByBody: { payload: { access_token: "ann" }, only: "action" },
    },
  })),
];
