import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packAll } from "../scripts/pack.mjs";
import { startRegistry } from "../scripts/registry.mjs";
import { manifestFields } from "../scripts/release/manifest.mjs";

const run = promisify(execFile);
const packages = fileURLToPath(new URL("../packages", import.meta.url));
const names = readdirSync(packages).sort();
let registry: Awaited<ReturnType<typeof startRegistry>>;
let folder: string;

beforeAll(async () => {
  registry = await startRegistry();
  folder = mkdtempSync(join(tmpdir(), "portcullis-release-"));
  // Only our own packages use this registry, which ignores the token. All others use the default registry.
  const host = registry.url.replace("http:", "");
  writeFileSync(join(folder, ".npmrc"), `@portcullis:registry=${registry.url}\n${host}/:_authToken=nobody\n`);
});

afterAll(() => {
  registry.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs npm with a sign-in to the registry. */
function npm(cwd: string, ...args: string[]) {
  return run("npm", [...args, "--userconfig", join(folder, ".npmrc"), "--no-audit", "--no-fund"], { cwd });
}

test.each(names)(
  "%s: published files are the build and README only",
  async (name) => {
    const { stdout } = await npm(join(packages, name), "publish", "--dry-run", "--json", "--provenance=false");
    const manifest = JSON.parse(stdout)[`@portcullis/${name}`] as { files: { path: string }[] };
    const paths = manifest.files.map(({ path }) => path);
    const { exports, publishConfig } = JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8"));
    // Not every package has an entry of its own name.
    const [entry] = Object.values(exports) as Record<string, never>[];
    const { types, default: module } = (entry?.import ?? entry) as unknown as Record<"types" | "default", string>;
    const built = [module, types].map((path) => path.slice("./".length));
    expect(paths).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json", ...built]));
    expect(
      paths.filter((path) => !/^(?:dist|cases)\/|^(?:README\.md|LICENSE|package\.json|CHANGELOG\.md)$/.test(path)),
    ).toEqual([]);
    expect(publishConfig).toEqual({ access: "public", provenance: true });
  },
  60_000,
);

const PUBLISHER = {
  author: "A. Author",
  homepage: "https://example.org",
  repository: "https://example.org/repository.git",
  bugs: "https://example.org/bugs",
};

test("a manifest names its publisher and its folder", () => {
  expect(manifestFields(PUBLISHER, "core")).toEqual({
    author: "A. Author",
    homepage: "https://example.org",
    repository: { type: "git", url: "https://example.org/repository.git", directory: "packages/core" },
    bugs: { url: "https://example.org/bugs" },
  });
});

test("a release without a publisher stops with a sentence", () => {
  const missing = { ...PUBLISHER, author: "", bugs: "" };
  expect(() => manifestFields(missing, "core")).toThrow(
    "publisher.json has no author, bugs: fill it in, then release again",
  );
});

test("publisher.json has the fields of a manifest", () => {
  const publisher = JSON.parse(readFileSync(join(packages, "..", "publisher.json"), "utf8"));
  expect(Object.keys(publisher)).toEqual(Object.keys(PUBLISHER));
});

test("published to a registry, installed from it, and run", async () => {
  const packed = join(folder, "packed");
  await packAll(packed);
  const publish = () =>
    run(process.execPath, ["scripts/release/publish.mjs", packed, "--provenance=false", "--tag", "latest"], {
      cwd: join(packages, ".."),
      env: { ...process.env, NPM_CONFIG_USERCONFIG: join(folder, ".npmrc") },
    });
  const lines = (await publish()).stdout.trim().split("\n");
  expect(lines[0]).toBe("@portcullis/core@0.0.0 published");
  expect(lines).toHaveLength(names.length);
  const again = (await publish()).stdout.trim().split("\n");
  expect(again[0]).toBe("@portcullis/core@0.0.0 is published already");
  expect(registry.published()).toEqual(names.map((name) => `@portcullis/${name}`));

  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  await npm(folder, "install", "--prefer-offline", "@portcullis/core", "@portcullis/adapter-ws", "ws");
  writeFileSync(
    join(folder, "app.mjs"),
    `import { guard } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
import { WebSocket, WebSocketServer } from "ws";
const wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });
guard(wss, definePolicy({ actions: { ping: AllowAny, send: IsAuthenticated } }));
wss.on("connection", (ws) => ws.on("message", (data) => ws.send("allowed: " + data)));
wss.on("listening", () => {
  const client = new WebSocket("ws://127.0.0.1:" + wss.address().port);
  const answers = [];
  client.on("open", () => ['{"action":"send"}', '{"action":"ping"}'].forEach((text) => client.send(text)));
  client.on("message", (data) => {
    answers.push(String(data));
    if (answers.length < 2) return;
    console.log(JSON.stringify([JSON.parse(answers[0]).response_status, answers[1]]));
    process.exit();
  });
});
`,
  );
  const { stdout } = await run(process.execPath, ["app.mjs"], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual([401, 'allowed: {"action":"ping"}']);
}, 120_000);
