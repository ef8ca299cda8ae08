import type { IncomingMessage } from "node:http";
import { PermissionDenied, PermissionMisuse, type Scope } from "@portcullis/core";
import { isHeader, show } from "@portcullis/core/internal";
import { withCookies } from "./cookies.js";
import type { DerivationSettings } from "./http-context.js";
import type { HeaderValues } from "./make-request.js";

/** Headers that belong to the handshake only, and headers by which a client could override the method of the rule. */
const STRIPPED =
  /^(connection|upgrade|keep-alive|te|trailer|transfer-encoding|expect|content-.*|sec-websocket-(key|version|extensions)|x-http-method(-override)?|x-method-override)$/;

/**
 * Derives the headers that middlewares see from the handshake.
 *
 * @throws {PermissionDenied} When no header can be made of what the client sent.
 * @throws {PermissionMisuse} When the option `headers` returned an unusable value.
 */
export function headersOf(
  caller: string,
  settings: DerivationSettings,
  scope: Scope,
  handshake: Partial<IncomingMessage>,
): HeaderValues {
  const headers: HeaderValues = {};
  for (const [name, value] of Object.entries((handshake.headers ?? scope.headers ?? {}) as HeaderValues)) {
    if (value !== undefined && !STRIPPED.test(name)) headers[name] = value;
  }
  if (settings.headers) addHeaders(caller, headers, settings.headers(scope as never));
  const cookie = withCookies(scope, headers.cookie);
  if (cookie === undefined) delete headers.cookie;
  else headers.cookie = cookie;
  headers["content-type"] = "application/json";
  return headers;
}

function addHeaders(caller: string, headers: HeaderValues, added: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(added)) {
    if (value === undefined) continue;
    const key = name.toLowerCase();
    if (STRIPPED.test(key) || typeof value !== "string") {
      throw new PermissionMisuse(`${caller}: \`headers\` returned ${show(value)} for ${name}: leave it out`);
    }
    if (!isHeader(name, value)) {
      throw new PermissionDenied("invalid_input", { status: 400, reason: "A header cannot be made of what was sent." });
    }
    headers[key] = value;
  }
}
