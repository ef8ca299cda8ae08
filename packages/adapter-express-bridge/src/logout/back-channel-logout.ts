import type { IncomingMessage, ServerResponse } from "node:http";
import type { MaybePromise } from "@portcullis/core";
import { ErrorPrinter, misuse } from "@portcullis/core/internal";
import { readField } from "./form-body.js";
import { type BackChannelLogoutOptions, CALLER, checkOptions } from "./logout-options.js";
import type { LoggedOut } from "./logout-token.js";
import { ReplayGuard } from "./replay-guard.js";
import { LIFETIME, TOLERANCE, verifierOf } from "./token-verifier.js";

export type { BackChannelLogoutOptions } from "./logout-options.js";

/** Milliseconds that `signOut` may take. A provider does not wait for longer. */
const SIGN_OUT_TIMEOUT = 5_000;

/** Answers a request; for Express, `node:http`, or Koa by `ctx.req` and `ctx.res`. */
export type LogoutHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Makes the handler of OpenID Connect Back-Channel Logout 1.0: the identity provider posts a logout token when a user has
 * signed out, and the connections of the session are closed in every process. Needs the package `jose`. A token is
 * accepted once by a process; one that comes again while it is carried out gets the same answer.
 *
 * @param options `issuer`, `audience`, `jwks`, `revocations`; `signOut`, `subjects`, `algorithms`.
 * @returns A handler for `POST`. It answers 200 once the revocation is durable, 400 for a token that is not valid or was
 *   used before, and 503 when `signOut`, the keys or the log fail, so that the provider tries again.
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
  const known = { ...options };
  const verify = verifierOf(known);
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
      const isFirst = await replays.run(verified.jti, token, () => carryOut(verified, known));
      if (isFirst) answer(200);
      else answer(400, "The token was used before.");
    } catch (error) {
      // The provider may send the same token again.
      printer.print(`${CALLER} could not carry out a logout`, error);
      answer(503, "The logout could not be carried out.");
    }
  };
}

/** Writes first, then revokes. */
async function carryOut(loggedOut: LoggedOut, options: BackChannelLogoutOptions): Promise<void> {
  const { revocations, signOut, subjects = subjectsOf } = options;
  const names: unknown = subjects(loggedOut);
  if (!Array.isArray(names) || names.length === 0)
    throw misuse(CALLER, names, 'return a list, as in ["user:42"]', "`subjects`");
  if (signOut) await inTime(signOut(loggedOut));
  for (const subject of names) await revocations.revoke(subject);
}

async function inTime(work: MaybePromise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("`signOut` has not answered in time")), SIGN_OUT_TIMEOUT);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
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
