// Sizes are minified and brotli-compressed. They have limits because core also runs in browsers and workers.
const dist = (/** @type {string} */ name) => `packages/core/dist/${name}.js`;

/** One bundle, as an application that imports all of these entries has it. */
const bundleOf = (/** @type {string[]} */ entries) => ({
  path: entries.map(dist),
  modifyEsbuildConfig: (/** @type {object} */ config) => ({
    ...config,
    entryPoints: undefined,
    stdin: {
      contents: entries.map((name) => `export * as ${name} from "./${dist(name)}";`).join("\n"),
      resolveDir: import.meta.dirname,
    },
  }),
});

const entries = ["index", "explain", "consumer", "adapter"];

export default [
  { name: "core: main entry", path: dist("index"), limit: "12.75 kB" },
  { name: "core: all entries without message formats", ...bundleOf(entries), limit: "28.1 kB" },
  { name: "core: all entries", ...bundleOf([...entries, "codecs", "frames"]), limit: "33.4 kB" },
  {
    name: "core: all entries and continuity",
    ...bundleOf([...entries, "codecs", "frames", "continuity"]),
    limit: "42.2 kB",
  },
  {
    name: "core: what a small server imports",
    path: dist("index"),
    import: "{ AllowAny, IsAuthenticated, and, or, not, definePolicy }",
    limit: "11.2 kB",
  },
];
