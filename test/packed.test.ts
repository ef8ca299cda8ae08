import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packAll, run } from "../scripts/pack.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "portcullis-packed-"));
const modules = join(folder, "node_modules");

/** Modules that the programs of `integrations/` import beside the packages. */
const PEERS = ["express", "koa", "socket.io", "socket.io-client", "ws"];

/** The folder that Node resolves a package of this repository to. */
function folderOf(name: string): string {
  const require = createRequire(join(root, "packages", "adapter-express-bridge", "package.json"));
  const found = require.resolve
    .paths(name)
    ?.map((path) => join(path, name))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}

beforeAll(async () => {
  mkdirSync(join(modules, "@portcullis"), { recursive: true });
  for (const { name, file } of await packAll(join(folder, "packed"))) {
    await run(folder, "tar", ["-xzf", file]);
    cpSync(join(folder, "package"), join(modules, name), { recursive: true });
    rmSync(join(folder, "package"), { recursive: true });
  }
  for (const name of PEERS) symlinkSync(folderOf(name), join(modules, name), "junction");
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(["node-esm", "node-cjs"])("packed packages guard and refuse over real sockets: %s", async (name) => {
  cpSync(join(root, "integrations", name), join(folder, name), { recursive: true });
  const printed = await run(join(folder, name), process.execPath, ["main.js"]);
  expect(printed).toMatch(/^core: denied.*\nws: refused 401.*\nsocket\.io: refused 401/);
});

test("packed files prefix Node modules with `node:`, the core has none", () => {
  for (const name of readdirSync(join(modules, "@portcullis"))) {
    const dist = join(modules, "@portcullis", name, "dist");
    for (const file of readdirSync(dist).filter((one) => /\.(c?js|d\.c?ts)$/.test(one))) {
      const text = readFileSync(join(dist, file), "utf8");
      const named = [...text.matchAll(/^(?:import|export)\b.* from '([^'.]+)'|\brequire\('([^'.]+)'\)/gm)];
      for (const one of named.map(([, imported, required]) => imported ?? required ?? "")) {
        expect(isBuiltin(one) && !one.startsWith("node:"), `${basename(dirname(dist))}/${file}: ${one}`).toBe(false);
        if (name === "core") expect.fail(`core imports ${one}`);
      }
    }
  }
});
