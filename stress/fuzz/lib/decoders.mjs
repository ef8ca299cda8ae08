// @ts-check
import { readdirSync, readFileSync } from "node:fs";

const PACKAGES = new URL("../../../packages/", import.meta.url);

/** The files that read what a client has sent, by package. @type {Record<string, RegExp>} */
const DECODERS = {
  "adapter-ws": /^(codecs\/[\w-]+|message|upgrade|scope|refuse|answer-headers)$/,
  "adapter-socketio": /^(event|size|line|scope|refuse|hooks)$/,
  "adapter-express-bridge": /^(derive|url|methods|ask-policy|decide-request|http-scope|to-express|to-koa|problem)$/,
  core: /^(scope|origin|refusal|answer-headers)$/,
};

const words = (/** @type {string} */ text) => new Set(text.match(/[A-Za-z_#]\w{2,}/g) ?? []);

/** The source files of a package, with their words. @param {string} name */
function sourcesOf(name) {
  const folder = new URL(`${name}/src/`, PACKAGES);
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(".ts") && !/\.test(-d)?\.ts$/.test(file))
    .map((file) => ({ file: file.slice(0, -3), words: words(readFileSync(new URL(file, folder), "utf8")) }));
}

/**
 * Says which source file a function of a built package comes from, where that file reads what clients send. A build
 * keeps names: the file that has most of its words is the one.
 */
export function readDecoders() {
  const known = new Map(Object.keys(DECODERS).map((name) => [name, sourcesOf(name)]));
  return (/** @type {string} */ built, /** @type {string} */ code) => {
    const [, name = ""] = /\/packages\/([a-z-]+)\/dist\//.exec(built) ?? [];
    const said = [...words(code)];
    let most = 0;
    let source = "";
    for (const { file, words: all } of known.get(name) ?? []) {
      const score = said.filter((word) => all.has(word)).length;
      if (score > most) [most, source] = [score, file];
    }
    return DECODERS[name]?.test(source) ? `${name}/src/${source}.ts` : undefined;
  };
}
