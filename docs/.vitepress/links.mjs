// @ts-check
// The pages are read in the repository too, where links lead to files. On the site they lead to pages.

/** The folder of a package, and the page of the site that tells of it. */
const PACKAGE = /^(?:\.\.\/)+packages\/([^/#]+)(?:\/README\.md)?\/?$/;
/** Anything else outside the docs: the site has no page of it. */
const OUTSIDE = /^(?:\.\.\/)+(?!docs\/)/;

/**
 * Rewrites links to packages, and shows those to other files of the repository as plain text.
 *
 * @param {import("vitepress").MarkdownRenderer} markdown
 */
export function linkToPages(markdown) {
  markdown.core.ruler.after("inline", "link-to-pages", ({ tokens, env }) => {
    const depth = (env.relativePath ?? "").split("/").length - 1;
    for (const { children } of tokens) {
      /** @type {boolean[]} Whether each link that is open was taken away. */
      const open = [];
      for (const token of children ?? []) {
        if (token.type === "link_open") {
          const href = token.attrGet("href") ?? "";
          const named = PACKAGE.exec(href);
          const leavesDocs = OUTSIDE.test(href) && href.split("../").length - 1 > depth;
          if (named) token.attrSet("href", `/reference/@portcullis/${named[1]}.md`);
          else if (leavesDocs) hide(token);
          open.push(!named && leavesDocs);
        } else if (token.type === "link_close" && open.pop()) hide(token);
      }
    }
  });
}

/** @param {{ type: string, tag: string, content: string, nesting: number }} token */
function hide(token) {
  token.type = "text";
  token.tag = "";
  token.content = "";
  token.nesting = 0;
}
