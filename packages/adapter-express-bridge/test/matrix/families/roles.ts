import { generateKeyPairSync } from "node:crypto";
import { AbilityBuilder, createMongoAbility, ForbiddenError } from "@casl/ability";
import { AccessControl } from "accesscontrol";
import { newEnforcer, newModel, StringAdapter } from "casbin";
import ConnectRoles from "connect-roles";
import RBAC from "easy-rbac";
import acl from "express-acl";
import jsonwebtoken from "jsonwebtoken";
import Keycloak from "keycloak-connect";
import { AccessControl as RoleAcl } from "role-acl";
import { check } from "../guards.js";
import { type Row, withExpress } from "../row.js";
import { bearer } from "../tokens.js";

type Request = Record<string, unknown> & { headers: Record<string, string | undefined> };
type Response = { status(code: number): Response; json(body: unknown): void };
type Next = (error?: unknown) => void;

/** The application's own part, which reads the user. */
function readUser(request: Request, _response: Response, next: Next) {
  const role = request.headers["x-role"];
  if (role !== undefined) Object.assign(request, { user: { id: "ann", role } });
  next();
}
const roleOf = ({ user }: Request) => (user as { role?: string } | undefined)?.role ?? "nobody";
/** Requests for rules about roles. */
const ROLE_CASES = {
  allowed: { headers: { "x-role": "editor" } },
  refused: { headers: { "x-role": "reader" } },
  malformed: { headers: { "x-role": "__proto__" } },
  refusedAnonymous: {},
};

/** A guard that answers 403 when a library denies, and passes thrown errors to the error handler. */
function guard(isGranted: (role: string) => unknown) {
  return async function permit(request: Request, response: Response, next: Next) {
    try {
      if (await isGranted(roleOf(request))) next();
      else response.status(403).json({ message: "not granted" });
    } catch (error) {
      next(Object.assign(error as object, { status: 403 }));
    }
  };
}

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const REALM = "http://127.0.0.1:1/realms/main";
function keycloakToken(roles: unknown, claims: object = {}) {
  const all = {
    typ: "Bearer",
    azp: "app",
    realm_access: { roles },
    exp: Math.floor(Date.now() / 1000) + 600,
    ...claims,
  };
  return jsonwebtoken.sign(all, privateKey, { algorithm: "RS256", issuer: REALM, subject: "ann" });
}

const MODEL = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && keyMatch(r.obj, p.obj) && regexMatch(r.act, p.act)
`;

export const rolesFamily: Row[] = [
  withExpress("connect-roles", "roles.can()", () => {
    const roles = new ConnectRoles({
      failureHandler: (_request: Request, response: Response, action: string) =>
        response.status(403).json({ message: `may not ${action}` }),
    });
    roles.use("write reports", (request: Request) => roleOf(request) === "editor" || undefined);
    return { before: [readUser, roles.middleware()], subject: roles.can("write reports"), cases: ROLE_CASES };
  }),
  withExpress("express-acl", "rules by route and method", () => {
    acl.config({
      baseUrl: "/",
      roleSearchPath: "user.role",
      rules: [
        { group: "editor", permissions: [{ resource: "reports", methods: ["POST", "GET"], action: "allow" }] },
        { group: "reader", permissions: [{ resource: "reports", methods: ["POST", "GET"], action: "deny" }] },
      ],
    });
    return {
      before: readUser,
      subject: acl.authorize,
      cases: {
        allowed: { path: "/reports", headers: { "x-role": "editor" } },
        refused: { path: "/reports", headers: { "x-role": "reader" } },
        malformed: { path: "/reports", headers: { "x-role": "__proto__" } },
        refusedElsewhere: { path: "/others", headers: { "x-role": "editor" } },
      },
    };
  }),
  withExpress("accesscontrol", "grants by role", () => {
    const control = new AccessControl();
    control.grant("editor").createAny("report").grant("reader").readAny("report");
    return {
      before: readUser,
      subject: guard((role) => control.can(role).createAny("report").granted),
      cases: ROLE_CASES,
    };
  }),
  withExpress("role-acl", "grants by role", () => {
    const control = new RoleAcl();
    control.grant("editor").execute("create").on("report");
    control.grant("reader").execute("read").on("report");
    return {
      before: readUser,
      subject: guard(async (role) => (await control.can(role).execute("create").on("report")).granted),
      cases: ROLE_CASES,
    };
  }),
  withExpress("easy-rbac", "grants by role", () => {
    const control = new RBAC({ editor: { can: ["report:create"] }, reader: { can: ["report:read"] } });
    return { before: readUser, subject: guard((role) => control.can(role, "report:create")), cases: ROLE_CASES };
  }),
  withExpress("casbin", "policies by path and method", async () => {
    const enforcer = await newEnforcer(
      newModel(MODEL),
      new StringAdapter("p, editor, /*, (GET)|(POST)\np, reader, /*, DELETE"),
    );
    return {
      before: readUser,
      subject: async (request: Request, response: Response, next: Next) => {
        if (await enforcer.enforce(roleOf(request), request.path, request.method)) next();
        else response.status(403).json({ message: "not granted" });
      },
      cases: ROLE_CASES,
    };
  }),
  withExpress("@casl/ability", "abilities, with its own error", () => ({
    before: readUser,
    subject: [
      (request: Request, _response: Response, next: Next) => {
        const { can, build } = new AbilityBuilder(createMongoAbility);
        if (roleOf(request) === "editor") can("create", "Report");
        ForbiddenError.from(build()).throwUnlessCan("create", "Report");
        next();
      },
      (error: Error, _request: Request, response: Response, _next: Next) =>
        response.status(error instanceof ForbiddenError ? 403 : 500).json({ message: error.message }),
    ],
    cases: ROLE_CASES,
  })),
  withExpress("keycloak-connect", "a role of a realm", () => {
    const keycloak = new Keycloak({}, {
      realm: "main",
      "auth-server-url": "http://127.0.0.1:1/",
      resource: "app",
      "bearer-only": true,
      "ssl-required": "none",
      "confidential-port": 0,
      "realm-public-key": publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    } as never);
    return {
      subject: [keycloak.middleware(), keycloak.protect("realm:editor")] as never,
      cases: {
        allowed: { headers: bearer(keycloakToken(["editor"])) },
        refused: { headers: bearer(keycloakToken(["reader"])) },
        malformed: { headers: bearer("not.a.token") },
        refusedAnonymous: {},
        refusedAsExpired: { headers: bearer(keycloakToken(["editor"], { exp: 1 })) },
      },
    };
  }),
  withExpress("express", "a guard that reads params, query, body and app settings", ({ app }) => {
    app.set("role", "editor");
    return {
      subject: check(403, "not granted", (request) => {
        const { app: own, query } = request as unknown as {
          app: { get(name: string): unknown };
          query: { role?: unknown };
        };
        return query.role === own.get("role");
      }),
      cases: {
        allowed: { path: "/?role=editor" },
        refused: { path: "/?role=reader" },
        malformed: { path: "/?role[x]=editor" },
      },
    };
  }),
];
