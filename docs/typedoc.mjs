// @ts-check
// Options of typedoc: one page for each entry that a package publishes, from its docstrings.
/** @type {Partial<import("typedoc").TypeDocOptions> & Record<string, unknown>} */
export default {
  name: "Reference",
  entryPoints: [
    "../packages/core/src/{index,consumer,explain,codecs,continuity,adapter,frames}.ts",
    "../packages/adapter-ws/src/index.ts",
    "../packages/adapter-socketio/src/index.ts",
    "../packages/adapter-crossws/src/index.ts",
    "../packages/adapter-express-bridge/src/{index,koa}.ts",
    "../packages/revocations/src/{redis,postgres}.ts",
    "../packages/testing/src/{index,attack,permission-suite}.ts",
  ],
  tsconfig: "../tsconfig.json",
  plugin: ["typedoc-plugin-markdown", "typedoc-vitepress-theme"],
  out: "reference",
  docsRoot: ".",
  router: "module",
  readme: "none",
  disableSources: true,
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  // A reader comes for `guard`, and meets its types behind it.
  groupOrder: ["Functions", "Variables", "Classes", "Interfaces", "Type Aliases", "*"],
  treatWarningsAsErrors: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  expandObjects: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeDeclarationFormat: "table",
};
