import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** A page of the docs, or a README. */
export interface Page {
  readonly file: string;
  /** The text without code blocks and comments. */
  readonly text: string;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** All pages for readers. */
export function findPages(): Page[] {
  return ts.sys
    .readDirectory(root, [".md"], ["**/node_modules", "**/dist", "docs/reference", "packages/*/api"], ["**/*.md"])
    .filter((file) => !/\/\.(?!github)|CHANGELOG/.test(file.slice(root.length - 1)))
    .map((file) => ({ file, text: readFileSync(file, "utf8") }));
}

/** The links of a page that lead into the repository: `[text](target)`, with images. */
export function linksOf({ text }: Page): { text: string; target: string }[] {
  return [...text.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g)]
    .map(([, label = "", target = ""]) => ({ text: label, target }))
    .filter(({ target }) => !/^[a-z]+:|^\//.test(target));
}

/** The anchors of a page, as GitHub makes them. */
export function headingsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
