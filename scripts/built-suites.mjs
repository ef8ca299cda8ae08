// @ts-check
// Finds the tests that can run on the published packages. These tests use only exports of their package, whatever file
// they import them from. A test of an internal module needs the sources.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Specifiers of the published entries of each package. */
const ENTRIES = {
  core: ["", "/consumer", "/explain", "/codecs", "/continuity", "/adapter", "/frames", "/internal"],
  "adapter-ws": [""],
  "adapter-socketio": [""],
  "adapter-crossws": [""],
  "adapter-express-bridge": ["", "/koa", "/logout"],
  revocations: ["/redis", "/postgres"],
  testing: ["", "/permission-suite"],
};

const IMPORT = /^(import|export) (?!type )(\{[^}]*\}|[^"{]*?) from "(\.[^"]+)";/gm;

/** @typedef {Map<string, string>} Published the specifier that exports a name */

/** Reads the exports of the built packages. @returns {Promise<Map<string, Published>>} */
async function publishedNames() {
  const all = new Map();
  for (const [name, entries] of Object.entries(ENTRIES)) {
    /** @type {Published} */
    const published = new Map();
    for (const entry of entries) {
      const file = join(root, "packages", name, "dist", `${entry.slice(1) || "index"}.js`);
      if (!existsSync(file)) throw new Error(`${relative(root, file)} is missing: run \`npm run build\` first`);
      // The suite of `testing` registers tests: it can only be read.
      const names =
        name === "testing"
          ? exportsOf(readFileSync(file, "utf8"))
          : Object.keys(await import(pathToFileURL(file).href));
      for (const one of names) if (!published.has(one)) published.set(one, `@portcullis/${name}${entry}`);
    }
    all.set(name, published);
  }
  return all;
}

/** @param {string} text of a built module */
function exportsOf(text) {
  return [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, names = ""]) =>
    names.split(",").map((name) => name.trim().split(" as ").at(-1) ?? ""),
  );
}

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" || entry.name === "dist" ? [] : filesBelow(path);
    return [path];
  });
}

/** The values that an import names, as they are called where they come from. @param {string} clause */
function valuesOf(clause) {
  const names = clause.replaceAll(/[{}]/g, "").split(",");
  return names.map((name) => name.trim()).filter((name) => name !== "" && !name.startsWith("type "));
}

/** The package whose source a file is. @param {string} file */
function sourceOf(file) {
  const [packages, name = "", src] = relative(root, file).split(sep);
  return packages === "packages" && src === "src" && !/\.test(-d)?\.ts$/.test(file) ? name : undefined;
}

/** The relative imports of a test or of what helps it, each with what it names. @param {string} file */
function importsOf(file) {
  return [...readFileSync(file, "utf8").matchAll(IMPORT)].map(([, , clause = "", specifier = ""]) => ({
    names: valuesOf(clause),
    target: resolve(dirname(file), specifier.replace(/\.js$/, ".ts")),
  }));
}

/**
 * @param {string} file
 * @param {Map<string, Published>} published
 * @param {Set<string>} seen
 * @returns {boolean}
 */
function usesOnlyPublished(file, published, seen = new Set()) {
  if (seen.has(file)) return true;
  seen.add(file);
  return importsOf(file).every(({ names, target }) => {
    const name = sourceOf(target);
    if (name === undefined) return usesOnlyPublished(target, published, seen);
    return names.every((one) => published.get(name)?.has(one.split(" as ")[0] ?? ""));
  });
}

/**
 * Sorts the tests of the packages by what they can run on, and makes the former do so.
 *
 * @returns {Promise<{ built: string[], sources: string[], plugin: import("vite").Plugin }>} paths from the root, and a
 *   plugin that gives tests what is published in place of the source that they import
 */
export async function builtSuites() {
  const published = await publishedNames();
  const tests = filesBelow(join(root, "packages")).filter((file) => file.endsWith(".test.ts"));
  const built = tests.filter((file) => usesOnlyPublished(file, published));
  const fromRoot = (/** @type {string} */ file) => relative(root, file).replaceAll(sep, "/");
  return {
    built: built.map(fromRoot),
    sources: tests.filter((file) => !built.includes(file)).map(fromRoot),
    plugin: {
      name: "portcullis-built",
      enforce: "pre",
      transform: (code, id) => (id.includes("/node_modules/") ? undefined : redirect(code, id, published)),
    },
  };
}

/** @param {string} code @param {string} id @param {Map<string, Published>} published */
function redirect(code, id, published) {
  return code.replaceAll(IMPORT, (whole, keyword, clause, specifier) => {
    const name = sourceOf(resolve(dirname(id), specifier.replace(/\.js$/, ".ts")));
    if (name === undefined) return whole;
    const lines = valuesOf(clause).map((one) => {
      const from = published.get(name)?.get(one.split(" as ")[0] ?? "");
      if (from === undefined) throw new Error(`${id} imports \`${one}\`, which is not published`);
      return `${keyword} { ${one} } from "${from}";`;
    });
    // As many lines as before, so that a stack still points to where the test stands.
    return lines.join(" ") + "\n".repeat(whole.split("\n").length - 1);
  });
}
