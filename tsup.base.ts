import { defineConfig } from "tsup";

/** The build of a published package: ESM, CJS and types, with modules shared between the package's entries. */
export const library = (entry: string[]) =>
  defineConfig({
    entry,
    format: ["esm", "cjs"],
    target: "es2022",
    platform: "neutral",
    tsconfig: "tsconfig.build.json",
    // tsup sets `baseUrl`, which TypeScript 6 calls deprecated. A member whose name a user cannot write (a symbol that is
    // not exported) is left out: else no class made by a function could be exported with declarations.
    dts: !process.env.PORTCULLIS_WITHOUT_TYPES && {
      compilerOptions: { ignoreDeprecations: "6.0", stripInternal: true },
    },
    // Entries share classes, in CJS too: without it each entry would have its own copy.
    splitting: true,
    // Rollup then writes the CJS files; what tsup takes otherwise (sucrase) turns `?.` and `??` into slow helper calls.
    treeshake: true,
    // Without its prefix a module of Node is not found by every runtime.
    removeNodeProtocol: false,
    clean: true,
    external: [/^@portcullis\//, /^node:/],
  });
