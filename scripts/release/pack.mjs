// @ts-check
// Packs the packages of a release, with the fields of publisher.json in their manifests:
//
//   node scripts/release/pack.mjs <folder>     the folder gets the tarballs

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { packAll } from "../pack.mjs";
import { manifestFields } from "./manifest.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (/** @type {string} */ file) => JSON.parse(readFileSync(join(root, file), "utf8"));

const publisher = read("publisher.json");
const [folder = "packed"] = process.argv.slice(2);
try {
  const manifests = readdirSync(join(root, "packages")).map((name) => ({
    file: `packages/${name}/package.json`,
    fields: manifestFields(publisher, name),
  }));
  for (const { file, fields } of manifests) {
    writeFileSync(join(root, file), `${JSON.stringify({ ...read(file), ...fields }, null, 2)}\n`);
  }
  for (const { name, file } of await packAll(resolve(folder))) console.log(`${name}: ${file}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
