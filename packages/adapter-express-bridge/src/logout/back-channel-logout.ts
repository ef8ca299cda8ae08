import type { IncomingMessage, ServerResponse } from "node:http";
import type { Revocations } from "@portcullis/core/continuity";
import { checkKeys, ErrorPrinter, misuse } from "@portcullis/core/internal";
import { readField } from "./form-body.js";
import type { LoggedOut } from "./logout-token.js";
import { ReplayGuard } from "./replay-guard.js";
import { ALGORITHMS, LIFETIME, TOLERANCE, verifierOf } from "./token-verifier.js";

/** Options of {@link backChannelLogout}. */
export interface BackChannelLogoutOptions {
  /** The issuer of the identity provider, as in its configuration. */
  issuer: string;
  /** The client id of the application at the identity provider. */
  audience: string;
  /** The address of the provider's keys (`jwks_uri`), or the keys themselves. */
  jwks: URL | { readonly keys: readonly object[] };
  revocations: Pick<Revocations, "revoke">;
  /**
   * Returns the subjects to revoke. Default: `session:<sid>` where the token has one, otherwise `user:<sub>`. `identify`
   * of the guard must give the same names.
   */
  subjects?: (loggedOut: LoggedOut) => readonly string[];
  /** Algorithms of signatures to accept. Default: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA. */
  algorithms?: readonly string[];
}

const CALLER = "backChannelLogout()";
const KEYS = ["issuer", "audience", "jwks", "revocations", "subjects", "algorithms"];

/** Answers a request; for Express, `node:http`, or Koa by `ctx.req` and `ctx.res`. */
export type LogoutHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Makes the handler of OpenID Connect Back-Channel Logout 1.0: the identity provider posts a logout token when a user has
 * signed out, and the connections of the session are closed in every process. Needs the package `jose`. A token is
 * accepted once by a process; one that comes again while it is carried out gets the same answer.
 *
 * @param options `issuer`, `audience`, `jwks`, `revocations`; `subjects`, `algorithms`.
 * @returns A handler for `POST`. It answers 200 once the revocation is durable, 400 for a token that is not valid or was
 *   used before, and 503 when the keys or the log cannot be reached, so that the provider tries again.
 * @throws {PermissionMisuse} When an option is missing, unknown or of the wrong type.
 * @example
 * ```ts
 * import { backChannelLogout } from "@portcullis/adapter-express-bridge/logout";
 * import { memoryRevocations } from "@portcullis/core/continuity";
 * import express from "express";
 *
 * const revocations = memoryRevocations();
 * const jwks = new URL("https://id.example/jwks");
 * express().post("/backchannel-logout", backChannelLogout({ issuer: "https://id.example", audience: "app", jwks, revocations }));
 * ```
 */
export function backChannelLogout(options: BackChannelLogoutOptions): LogoutHandler {
  checkOptions(options);
  const { revocations, subjects = subjectsOf } = options;
  const verify = verifierOf(options);
  const printer = new ErrorPrinter();
  const replays = new ReplayGuard((LIFETIME + 2 * TOLERANCE) * 1000);
  return async (request, response) => {
    const answer = (status: number, description?: string) => send(request, response, status, description);
    if (request.method !== "POST") {
      if (!response.headersSent) response.setHeader("allow", "POST");
      return answer(405, "Send the logout token by POST.");
    }
    const token = await readField(request, "logout_token").catch(() => undefined);
    if (token === undefined) return answer(400, "There is no `logout_token` in the form.");
    try {
      const verified = await verify(token);
      if (typeof verified === "string") return answer(400, verified);
      const isFirst = await replays.run(verified.jti, async () => {
        const names: unknown = subjects(verified);
        if (!Array.isArray(names) || names.length === 0)
          throw misuse(CALLER, names, 'return a list, as in ["user:42"]', "`subjects`");
        for (const subject of names) await revocations.revoke(subject);
      });
      if (isFirst) answer(200);
      else answer(400, "The token was used before.");
    } catch (error) {
      // The provider may send the same token again.
      printer.print(`${CALLER} could not carry out a logout`, error);
      answer(503, "The logout could not be carried out.");
    }
  };
}

function subjectsOf({ sub, sid }: LoggedOut): string[] {
  return sid === undefined ? [`user:${sub}`] : [`session:${sid}`];
}

function send(request: IncomingMessage, response: ServerResponse, status: number, description?: string): void {
  // A middleware for timeouts may have answered.
  if (response.headersSent) return;
  // The rest of a body that was too large is not read, so the connection cannot be used again.
  if (request.complete === false) response.setHeader("connection", "close");
  response.writeHead(status, { "cache-control": "no-store", "content-type": "application/json" });
  response.end(
    description === undefined ? "" : JSON.stringify({ error: "invalid_request", error_description: description }),
  );
}

function checkOptions(options: BackChannelLogoutOptions): void {
  checkKeys(CALLER, options, KEYS);
  const { issuer, audience, jwks, revocations, subjects, algorithms = ALGORITHMS } = options;
  for (const [key, value] of Object.entries({ issuer, audience })) {
    if (typeof value !== "string" || value === "")
      throw misuse(CALLER, value, "give the text of the provider's configuration", `\`${key}\``);
  }
  checkKeySet(jwks);
  checkAlgorithms(algorithms);
  if (typeof revocations?.revoke !== "function")
    throw misuse(CALLER, revocations, "give memoryRevocations(), or those of @portcullis/revocations", "`revocations`");
  if (subjects !== undefined && typeof subjects !== "function")
    throw misuse(CALLER, subjects, "give a function", "`subjects`");
}

const PROTOCOLS = ["https:", "http:"];

/** Checks that keys can be fetched, or are there. */
function checkKeySet(jwks: unknown): void {
  const { keys, protocol } = Object(jwks) as { keys?: unknown; protocol?: unknown };
  const isUsable =
    jwks instanceof URL ? PROTOCOLS.includes(protocol as string) : Array.isArray(keys) && keys.length > 0;
  if (isUsable) return;
  const [value, role] = Array.isArray(keys) ? [keys, "`jwks.keys`"] : [jwks, "`jwks`"];
  throw misuse(CALLER, value, 'give new URL("https://id.example/jwks"), or { keys } with at least one key', role);
}

/** Checks the names of algorithms. A name with a slip would refuse each token. */
function checkAlgorithms(algorithms: unknown): void {
  const names: unknown[] = Array.isArray(algorithms) ? algorithms : [];
  const wrong = names.find((name) => !ALGORITHMS.includes(name as string));
  if (names.length > 0 && wrong === undefined) return;
  const [value, role] = wrong === undefined ? [algorithms, "`algorithms`"] : [wrong, "one of `algorithms`"];
  throw misuse(CALLER, value, `give a list of ${ALGORITHMS.join(", ")}`, role);
}
