import jsonwebtoken from "jsonwebtoken";
import { SECRET } from "./guards.js";

/** A token of Ann's, with further claims. */
export function token(claims: object = {}, options: jsonwebtoken.SignOptions = {}): string {
  return jsonwebtoken.sign({ sub: "ann", ...claims }, SECRET, { algorithm: "HS256", ...options });
}

export const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

/** Requests for a middleware that requires a token. */
export const BEARER_CASES = {
  allowed: { headers: bearer(token()) },
  refused: {},
  malformed: { headers: bearer("not.a.token") },
  refusedByAnotherKey: { headers: bearer(jsonwebtoken.sign({ sub: "ann" }, "x".repeat(40))) },
  refusedAsExpired: { headers: bearer(token({ exp: 1 })) },
};
