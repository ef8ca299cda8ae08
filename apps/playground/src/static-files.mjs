// @ts-check
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";

const TYPES = new Map([
  [".html", "text/html; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".svg", "image/svg+xml"],
]);

/**
 * Reads a folder once. What is not in it cannot be asked for, whatever the path says.
 *
 * @param {string} folder
 * @returns {ReadonlyMap<string, { type: string, body: Buffer }>} by path, which begins with a slash
 */
export function readFolder(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const path = `/${relative(folder, file).split(sep).join("/")}`;
      return /** @type {const} */ ([
        path,
        { type: TYPES.get(extname(file)) ?? "text/plain", body: readFileSync(file) },
      ]);
    });
  return new Map(files);
}

/**
 * The headers of every answer: the page may load and reach this server alone.
 *
 * @param {readonly string[]} hosts names of this server with the port
 */
export function securityHeaders(hosts) {
  const sockets = hosts.map((host) => `ws://${host}`).join(" ");
  return {
    "Content-Security-Policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      `connect-src 'self' ${sockets}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join("; "),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
  };
}
