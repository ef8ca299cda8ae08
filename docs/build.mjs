// @ts-check
// Builds the site: the reference from the docstrings, then all pages. A warning is a failure.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application } from "typedoc";
import { build } from "vitepress";
import options from "./typedoc.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
console.log("Builds the reference and the pages: one to three minutes.");
process.chdir(here);
// The programs below send nothing anywhere.
process.env.DO_NOT_TRACK = "1";

await writeReference();
await buildPages();
console.log(`
The site is in ${join(here, ".vitepress", "dist")}
To look at it: npm --prefix docs run preview, then http://localhost:4173`);

async function writeReference() {
  const application = await Application.bootstrapWithPlugins(/** @type {any} */ (options));
  const project = await application.convert();
  if (project === undefined) throw new Error("typedoc could not read the sources");
  application.validate(project);
  await application.generateOutputs(project);
  const { errorCount, warningCount } = application.logger;
  if (errorCount + warningCount > 0) throw new Error(`typedoc: ${errorCount} errors, ${warningCount} warnings`);
}

/** Counts the warnings, which Vite prints without failing. */
async function buildPages() {
  const warnings = [];
  const { warn } = console;
  console.warn = (...parts) => {
    warnings.push(parts.join(" "));
    warn(...parts);
  };
  await build(here);
  console.warn = warn;
  if (warnings.length > 0) throw new Error(`vitepress: ${warnings.length} warnings`);
}
