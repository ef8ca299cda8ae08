// @ts-check
// Finds the programs that tests drive. Run directly, it prints the Debian packages that are missing, and then fails.
import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";

/** Each by its name in the titles of the tests that need it. */
const PROGRAMS = {
  Chromium: { names: ["chromium", "chromium-browser", "google-chrome"], variable: "CHROMIUM_PATH", debian: "chromium" },
  "redis-server": { names: ["redis-server"], variable: "REDIS_SERVER_PATH", debian: "redis-server" },
  Postgres: { names: ["postgres"], variable: "POSTGRES_PATH", debian: "postgresql" },
  nginx: { names: ["nginx"], variable: "NGINX_PATH", debian: "nginx-light" },
  haproxy: { names: ["haproxy"], variable: "HAPROXY_PATH", debian: "haproxy" },
};

/** Folders of servers on Debian. The PATH of other users than root lacks them. */
const FOLDERS_OF_SERVERS = ["/usr/sbin", "/usr/local/sbin", ...foldersOfPostgres("/usr/lib/postgresql")];

/** Debian keeps each version of Postgres in a folder of its own. @param {string} parent */
function foldersOfPostgres(parent) {
  try {
    return readdirSync(parent).map((version) => join(parent, version, "bin"));
  } catch {
    return [];
  }
}

/** @typedef {keyof typeof PROGRAMS} Program */

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Finds an installed program: its variable where that is set, else the first on PATH, else among the servers.
 * A test that needs one says `describe.skipIf(!findProgram("Chromium"))` and has the same word in its title.
 *
 * @param {Program} program
 * @returns {string | undefined} the path of the executable
 */
export function findProgram(program) {
  const { names, variable } = PROGRAMS[program];
  const given = process.env[variable];
  if (given) return given;
  const folders = [...(process.env.PATH ?? "").split(delimiter).filter(Boolean), ...FOLDERS_OF_SERVERS];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** The programs that are not there, and how to get each. */
export function missingPrograms() {
  const missing = /** @type {Program[]} */ (Object.keys(PROGRAMS)).filter((program) => !findProgram(program));
  return missing.map((program) => {
    const { variable, debian } = PROGRAMS[program];
    return { program, debian, hint: `no ${program} found; Debian: apt-get install ${debian}, or set ${variable}` };
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const missing = missingPrograms();
  if (missing.length > 0) console.log(missing.map(({ debian }) => debian).join(" "));
  process.exitCode = missing.length > 0 ? 1 : 0;
}
