import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run on the sources: no build is needed, and coverage counts them.
    alias: [
      { find: /^@portcullis\/core$/, replacement: source("./packages/core/src/index.ts") },
      { find: /^@portcullis\/core\/(explain|consumer|adapter)$/, replacement: source("./packages/core/src/$1.ts") },
      { find: /^@portcullis\/adapter-ws$/, replacement: source("./packages/adapter-ws/src/index.ts") },
      {
        find: /^@portcullis\/adapter-express-bridge$/,
        replacement: source("./packages/adapter-express-bridge/src/index.ts"),
      },
      {
        find: /^@portcullis\/adapter-express-bridge\/koa$/,
        replacement: source("./packages/adapter-express-bridge/src/koa.ts"),
      },
      {
        find: /^@portcullis\/adapter-socketio$/,
        replacement: source("./packages/adapter-socketio/src/index.ts"),
      },
      { find: /^@portcullis\/testing$/, replacement: source("./packages/testing/src/index.ts") },
      { find: /^@portcullis\/testing\/attack$/, replacement: source("./packages/testing/src/attack.ts") },
    ],
  },
  test: {
    include: [
      "test/**/*.test.ts",
      "packages/*/src/**/*.test.ts",
      "packages/*/test/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "examples/*/test/**/*.test.ts",
      "stress/**/*.test.ts",
    ],
    // What is waited for comes at once, but on a machine that is busy.
    testTimeout: 20_000,
    // Tests that wait more than they work, beside each other: not so many that they wait for the machine.
    maxConcurrency: 2,
    expect: { poll: { timeout: 10_000 } },
    typecheck: {
      enabled: true,
      include: ["packages/*/src/**/*.test-d.ts", "packages/*/test/**/*.test-d.ts"],
      tsconfig: "./tsconfig.json",
    },
    coverage: {
      provider: "v8",
      include: ["packages/core/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/*.test-d.ts"],
      thresholds: { lines: 100, branches: 100 },
    },
  },
});
