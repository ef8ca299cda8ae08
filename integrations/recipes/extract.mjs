// @ts-check
// Writes the programs of the recipes as files. A page has them in blocks whose first line is "```ts FILE". A folder of a
// page is a server with its client; a client beside the folders is that of each.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";

const BLOCK = /^```ts (\S+\.ts)\n([\s\S]*?)^```/gm;
/** The ports of the pages. Each becomes a free one. */
const PORTS = /\b(?:808\d|6379)\b/g;

for (const page of readdirSync("pages")) {
  const blocks = [...readFileSync(join("pages", page), "utf8").matchAll(BLOCK)];
  const folders = new Set(blocks.map(([, name = ""]) => dirname(name)).filter((folder) => folder !== "."));
  for (const folder of folders.size > 0 ? folders : ["."]) {
    const own = blocks.filter(([, name = ""]) => [folder, "."].includes(dirname(name)));
    await writeProgram(join("src", page.replace(".md", ""), folder), own);
  }
}

/** @param {string} folder @param {RegExpExecArray[]} blocks */
async function writeProgram(folder, blocks) {
  const named = new Set(blocks.flatMap(([text]) => text.match(PORTS) ?? []));
  const free = new Map();
  for (const port of named) free.set(port, await freePort());
  for (const [, name = "", source = ""] of blocks) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, basename(name)),
      source.replaceAll(PORTS, (port) => free.get(port)),
    );
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}
