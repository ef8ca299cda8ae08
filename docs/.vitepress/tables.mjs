// @ts-check

/** Characters of the longest code that stays in one line. */
const LONGEST_WORD = 20;

/**
 * Gives each cell of a table the name of its column, which the style of phones shows. A short code in a cell stays in one
 * line, also where it has a hyphen.
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
        keepWords(tokens[index + 1]);
        cell += 1;
      }
    }
  });
}

/** @param {{ children?: readonly { type: string, content: string, attrJoin(name: string, value: string): void }[] | null } | undefined} inline */
function keepWords(inline) {
  for (const child of inline?.children ?? []) {
    const isWord = child.type === "code_inline" && !child.content.includes(" ");
    if (isWord && child.content.length <= LONGEST_WORD) child.attrJoin("class", "word");
  }
}

/** @param {{ children?: readonly { content: string }[] | null } | undefined} inline */
function textOf(inline) {
  return (inline?.children ?? []).map(({ content }) => content).join("");
}
