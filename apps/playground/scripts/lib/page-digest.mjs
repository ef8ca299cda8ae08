// @ts-check
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FIRST_POLICY } from "../../src/policy-text.mjs";

const PUBLIC = fileURLToPath(new URL("../../public", import.meta.url));
/** Lines of comments in HTML, CSS and JavaScript, and indentation. Nobody sees them. */
const UNSEEN = /^\s*(?:\/\/.*|\/?\*.*|<!--.*-->)?/gm;

/** The file beside the picture with the digest of the page that it shows. */
export const DIGEST_FILE = fileURLToPath(new URL("../../media/playground.sha256", import.meta.url));

/**
 * The digest of all that makes the look of the page: its files, and the policy that it begins with.
 *
 * @returns {string} SHA-256, in hexadecimal digits
 */
export function pageDigest() {
  const hash = createHash("sha256").update(FIRST_POLICY);
  const files = readdirSync(PUBLIC, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => /\.(?:html|css|js|svg)$/.test(name)).sort()) {
    hash.update(readFileSync(join(PUBLIC, file), "utf8").replaceAll("\r\n", "\n").replaceAll(UNSEEN, ""));
  }
  return hash.digest("hex");
}
