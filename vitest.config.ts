import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { builtSuites } from "./scripts/built-suites.mjs";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Tests run on the sources: no build is needed, and coverage counts them.
const alias = [
  { find: /^@portcullis\/core$/, replacement: source("./packages/core/src/index.ts") },
  {
    find: /^@portcullis\/core\/(explain|consumer|codecs|continuity|adapter|frames|internal)$/,
    replacement: source("./packages/core/src/$1.ts"),
  },
  { find: /^@portcullis\/adapter-ws$/, replacement: source("./packages/adapter-ws/src/index.ts") },
  { find: /^@portcullis\/adapter-crossws$/, replacement: source("./packages/adapter-crossws/src/index.ts") },
  {
    find: /^@portcullis\/adapter-express-bridge$/,
    replacement: source("./packages/adapter-express-bridge/src/index.ts"),
  },
  {
    find: /^@portcullis\/adapter-express-bridge\/(koa|logout)$/,
    replacement: source("./packages/adapter-express-bridge/src/$1.ts"),
  },
  {
    find: /^@portcullis\/adapter-socketio$/,
    replacement: source("./packages/adapter-socketio/src/index.ts"),
  },
  {
    find: /^@portcullis\/revocations\/(redis|postgres)$/,
    replacement: source("./packages/revocations/src/$1.ts"),
  },
  { find: /^@portcullis\/testing$/, replacement: source("./packages/testing/src/index.ts") },
  { find: /^@portcullis\/testing\/(attack|permission-suite)$/, replacement: source("./packages/testing/src/$1.ts") },
];

const include = [
  "test/**/*.test.ts",
  "packages/*/src/**/*.test.ts",
  "packages/*/test/**/*.test.ts",
  "apps/*/test/**/*.test.ts",
  "examples/*/test/**/*.test.ts",
  "stress/**/*.test.ts",
];

/** With PORTCULLIS_BUILT=1, those tests of the packages that can run on what is published do so; types are not tested. */
async function projects(): Promise<TestProjectConfiguration[]> {
  const { built, sources, plugin } = await builtSuites();
  return [
    {
      extends: true,
      plugins: [plugin],
      test: { name: "built", include: built, server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } } },
    },
    { extends: true, resolve: { alias }, test: { name: "sources", include: sources } },
  ];
}

const isBuilt = process.env.PORTCULLIS_BUILT === "1";

export default defineConfig({
  resolve: { alias: isBuilt ? [] : alias },
  test: {
    ...(isBuilt ? { projects: await projects() } : { include }),
    // What is waited for comes at once, but on a machine that is busy.
    testTimeout: 20_000,
    // Tests that wait more than they work, beside each other: not so many that they wait for the machine.
    maxConcurrency: 2,
    expect: { poll: { timeout: 10_000 } },
    typecheck: {
      enabled: !isBuilt,
      include: ["packages/*/src/**/*.test-d.ts", "packages/*/test/**/*.test-d.ts"],
      tsconfig: "./tsconfig.json",
    },
    coverage: {
      provider: "v8",
      include: ["packages/core/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/*.test-d.ts"],
      thresholds: { 100: true },
    },
  },
});
