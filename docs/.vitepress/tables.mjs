// @ts-check

/**
 * Gives each cell of a table the name of its column, which the style of phones shows.
 *
 * @param {import("vitepress").MarkdownRenderer} markdown
 */
export function nameColumns(markdown) {
  markdown.core.ruler.push("name-columns", ({ tokens }) => {
    /** @type {string[]} */
    let columns = [];
    let cell = 0;
    for (const [index, token] of tokens.entries()) {
      if (token.type === "table_open") columns = [];
      else if (token.type === "tr_open") cell = 0;
      else if (token.type === "th_open") columns.push(textOf(tokens[index + 1]));
      else if (token.type === "td_open") {
        const name = columns[cell];
        if (name) token.attrSet("data-column", name);
        cell += 1;
      }
    }
  });
}

/** @param {{ children?: readonly { content: string }[] | null } | undefined} inline */
function textOf(inline) {
  return (inline?.children ?? []).map(({ content }) => content).join("");
}
