// @ts-check
// A reporter for Stryker that writes each survivor as soon as it is found, so that an interrupted run has shown some.

import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { explained, keyOf } from "./survivors.mjs";

const FOLDER = ".stryker/survivors";
const FILE = `${FOLDER}/${process.env.RUN ?? process.env.PART ?? "core"}.txt`;

/** Writes a line for each survivor that README.md does not explain. */
class SurvivorReporter {
  #known = explained();

  onDryRunCompleted() {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(FILE, "");
  }

  /** @param {{ status: string, fileName: string, replacement?: string, location: import("./survivors.mjs").Location }} mutant */
  onMutantTested({ status, fileName, replacement, location }) {
    if (status !== "Survived" && status !== "NoCoverage") return;
    const file = relative(process.cwd(), fileName);
    const key = keyOf(file, readFileSync(fileName, "utf8"), { replacement, location });
    if (!this.#known.has(key)) appendFileSync(FILE, `${location.start.line}: ${key}\n`);
  }
}

const factory = Object.assign(() => new SurvivorReporter(), { inject: [] });
export const strykerPlugins = [{ kind: "Reporter", name: "survivors", factory }];
