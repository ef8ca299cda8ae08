// @ts-check

/** Sections of the reference that name what a type is made of, which may be internal. */
const ANCESTORS =
  /^#+ (?:Implements|Implementation of|Inherited from|Overrides|Extends|Extended by)\n[\s\S]*?(?=^#|^\*\*\*|$(?![\s\S]))/gm;

/** Options of the local search: pages for readers come before the reference. */
export const search = /** @type {const} */ ({
  provider: "local",
  options: {
    detailedView: true,
    miniSearch: {
      searchOptions: {
        // Runs in the browser, so it uses nothing from outside. Functions that readers begin with come first.
        boostDocument: (/** @type {string} */ id) => {
          if (id.includes("/decisions/")) return 0.5;
          if (!id.includes("/reference/")) return 1;
          return /#(guard|serve|attack|explain|define\w+|permissionsfor|(from|to|use)(express|koa))$/.test(id)
            ? 1.5
            : 0.3;
        },
      },
    },
    /**
     * Makes the text that is indexed. `words` of the frontmatter are words that readers type and the page does not use.
     *
     * @param {string} source
     * @param {{ frontmatter?: { words?: string, search?: boolean } }} env
     * @param {{ render(source: string, env: object): string }} markdown
     */
    _render(source, env, markdown) {
      const html = markdown.render(source.replaceAll(ANCESTORS, ""), env);
      if (env.frontmatter?.search === false) return "";
      const { words } = env.frontmatter ?? {};
      return words === undefined ? html : html.replace("</h1>", `</h1>\n<p>${words}</p>`);
    },
  },
});
