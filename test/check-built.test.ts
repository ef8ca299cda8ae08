import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { missingFiles } from "../scripts/release/check-built.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const script = join(root, "scripts/release/check-built.mjs");
const folder = mkdtempSync(join(tmpdir(), "portcullis-built-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MANIFEST = {
  name: "sample",
  main: "./dist/index.cjs",
  types: "./dist/index.d.ts",
  exports: {
    ".": {
      import: { types: "./dist/index.d.ts", default: "./dist/index.js" },
      require: { types: "./dist/index.d.cts", default: "./dist/index.cjs" },
    },
    "./cases/*.json": "./cases/*.json",
    "./package.json": "./package.json",
  },
};

/** Makes a package with those files beside its manifest. */
function packageWith(...files: string[]): string {
  const made = mkdtempSync(join(folder, "package-"));
  for (const file of ["package.json", ...files]) {
    mkdirSync(dirname(join(made, file)), { recursive: true });
    writeFileSync(join(made, file), JSON.stringify(MANIFEST));
  }
  return made;
}

const BUILT = ["dist/index.cjs", "dist/index.js", "cases/and.json"];
const TYPES = ["dist/index.d.ts", "dist/index.d.cts"];

test("a package without types is not packed", async () => {
  const bare = packageWith(...BUILT);
  expect(missingFiles(bare)).toEqual(["./dist/index.d.ts", "./dist/index.d.cts"]);
  await expect(promisify(execFile)(process.execPath, [script], { cwd: bare })).rejects.toMatchObject({
    code: 1,
    stderr: 'sample lacks ./dist/index.d.ts, ./dist/index.d.cts. Run "npm run build" first, then pack again.\n',
  });
});

test("a pattern of a manifest needs one file", () => {
  expect(missingFiles(packageWith("dist/index.cjs", "dist/index.js", ...TYPES))).toEqual(["./cases/*.json"]);
});

test("a package with all its files is packed", async () => {
  await promisify(execFile)(process.execPath, [script], { cwd: packageWith(...BUILT, ...TYPES) });
});

test.each(readdirSync(join(root, "packages")))("%s is checked before it is packed", (name) => {
  const { scripts } = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  expect(scripts.prepack).toBe("node ../../scripts/release/check-built.mjs");
});
