// @ts-check
// The public types of every published entry, as one report each in packages/*/api: a diff of it is part of a review.
//   npm run api               writes them, from what was built
//   npm run api -- --check    fails where one is not as the types are
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

const root = fileURLToPath(new URL("..", import.meta.url));
const isCheck = process.argv.includes("--check");
const silent = { default: { logLevel: ExtractorLogLevel.None } };

/** Every entry of every package that has types of its own: the package's folder, and the file. */
function findEntries() {
  return readdirSync(join(root, "packages")).flatMap((name) => {
    const folder = join(root, "packages", name);
    const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const entries = Object.entries(exports).flatMap(([path, conditions]) => {
      const types = conditions.import?.types ?? conditions.types;
      return types === undefined ? [] : [{ folder, types, entry: path === "." ? "index" : path.slice(2) }];
    });
    return entries;
  });
}

/** @param {{ folder: string, types: string, entry: string }} place */
function report({ folder, types, entry }) {
  const reportFolder = join(folder, "api");
  const file = join(folder, types);
  mkdirSync(reportFolder, { recursive: true });
  const config = ExtractorConfig.prepare({
    configObjectFullPath: join(folder, "api-extractor.json"),
    packageJsonFullPath: join(folder, "package.json"),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: file,
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2022",
            module: "nodenext",
            moduleResolution: "nodenext",
            lib: ["es2022"],
            types: ["node"],
            strict: true,
            skipLibCheck: true,
          },
          files: [file],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${entry}.api.md`,
        reportFolder,
        reportTempFolder: join(folder, "node_modules", ".api"),
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
  });
  const { succeeded, apiReportChanged } = Extractor.invoke(config, {
    localBuild: !isCheck,
    messageCallback: (message) => {
      message.handled = message.logLevel !== "error";
    },
  });
  return { succeeded: succeeded || (apiReportChanged && !isCheck), apiReportChanged };
}

let isRight = true;
for (const place of findEntries()) {
  const { succeeded, apiReportChanged } = report(place);
  const name = `${place.folder.slice(root.length)}/api/${place.entry}.api.md`;
  if (apiReportChanged) console.log(isCheck ? `${name} is not as the types are: run npm run api` : `${name} written`);
  if (!succeeded || (isCheck && apiReportChanged)) isRight = false;
  rmSync(join(place.folder, "node_modules", ".api"), { recursive: true, force: true });
}
process.exitCode = isRight ? 0 : 1;
