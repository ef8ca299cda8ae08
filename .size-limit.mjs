// Sizes are minified and brotli-compressed. They have limits because core also runs in browsers and workers.
const dist = (/** @type {string} */ name) => `packages/core/dist/${name}.js`;

export default [
  { name: "core: main entry", path: dist("index"), limit: "10.7 kB" },
  {
    name: "core: all entries",
    path: ["index", "explain", "consumer", "adapter"].map(dist),
    limit: "24.4 kB",
    // Modules shared between entries count once.
    modifyEsbuildConfig: (/** @type {object} */ config) => ({ ...config, splitting: true, format: "esm" }),
  },
  {
    name: "core: what a small server imports",
    path: dist("index"),
    import: "{ AllowAny, IsAuthenticated, and, or, not, definePolicy }",
    limit: "9.6 kB",
  },
];
