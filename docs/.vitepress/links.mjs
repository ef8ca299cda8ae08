// @ts-check
// In the repository links lead to files; on the site they lead to pages.

/** The folder of a package or its README, which is a page of the site. */
const PACKAGE = /^(?:\.\.\/)+packages\/([^/#]+)(?:\/README\.md)?\/?(#.*)?$/;
/** Anything else outside the docs, which the site has no page of. */
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
      /** @type {boolean[]} True for an open link that was taken away. */
      const open = [];
      for (const token of children ?? []) {
        if (token.type === "link_open") {
          const href = token.attrGet("href") ?? "";
          const named = PACKAGE.exec(href);
          const leavesDocs = OUTSIDE.test(href) && href.split("../").length - 1 > depth;
          if (named) token.attrSet("href", `/packages/${named[1]}.md${named[2] ?? ""}`);
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

/**
 * Makes the anchor of a heading as GitHub does, so that links work in both places.
 *
 * @param {string} heading
 */
export function slugify(heading) {
  return heading
    .toLowerCase()
    .trim()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
