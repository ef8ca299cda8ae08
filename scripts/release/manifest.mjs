// @ts-check
// The fields of a published manifest that name its publisher. They stand in publisher.json, once for all packages.

const FIELDS = /** @type {const} */ (["author", "homepage", "repository", "bugs"]);

/** @typedef {Readonly<Record<(typeof FIELDS)[number], string>>} Publisher */

/**
 * Makes the fields of one package.
 *
 * @param {Partial<Publisher>} publisher the content of publisher.json: `author` as a name with or without an address, the
 *   others as URLs, `repository` one that git can clone
 * @param {string} folder of the package, below `packages`
 * @throws {Error} When a field is empty.
 */
export function manifestFields(publisher, folder) {
  const missing = FIELDS.filter((field) => !publisher[field]);
  if (missing.length > 0) {
    throw new Error(`publisher.json has no ${missing.join(", ")}: fill it in, then release again`);
  }
  const { author, homepage, repository, bugs } = /** @type {Publisher} */ (publisher);
  return {
    author,
    homepage,
    repository: { type: "git", url: repository, directory: `packages/${folder}` },
    bugs: { url: bugs },
  };
}
