// @ts-check
// Checks the core in the runtime that runs this, and prints the result.
import { readFileSync } from "node:fs";
import * as core from "@portcullis/core";
import { checkCore } from "./core.mjs";

if (!import.meta.resolve("@portcullis/core").includes("/dist/")) throw new Error("this is not what is published");

const casesOf = (/** @type {string} */ name) =>
  JSON.parse(readFileSync(new URL(`../../packages/testing/cases/${name}.json`, import.meta.url), "utf8")).cases;

console.log(JSON.stringify(await checkCore(core, { combinators: casesOf("combinators"), edge: casesOf("edge") })));
