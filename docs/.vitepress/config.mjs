// @ts-check
import { existsSync, readFileSync } from "node:fs";
import { defineConfig } from "vitepress";
import { linkToPages, slugify } from "./links.mjs";
import { search } from "./search.mjs";
import { nameColumns } from "./tables.mjs";

const sidebar = new URL("../reference/typedoc-sidebar.json", import.meta.url);
/** @type {{ text: string, link: string }[]} */
const reference = existsSync(sidebar) ? JSON.parse(readFileSync(sidebar, "utf8")) : [];

/** The page of a package, and below it what its entries export. */
const packages = ["core", "adapter-ws", "adapter-socketio", "adapter-express-bridge", "testing"].map((folder) => {
  const name = `@portcullis/${folder}`;
  const entries = reference.filter(({ text }) => text === name || text.startsWith(`${name}/`));
  const items = entries.map(({ text, link }) => ({ text: text === name ? "Functions and types" : text, link }));
  return { text: name, link: `/packages/${folder}`, collapsed: true, items };
});

export default defineConfig({
  title: "Portcullis",
  description: "Permission rules for real-time servers in TypeScript: ws, socket.io, Express and Koa.",
  lang: "en",
  cleanUrls: false,
  lastUpdated: false,
  head: [["link", { rel: "icon", href: "/favicon.svg" }]],
  srcExclude: ["README.md"],
  markdown: {
    // Braces at the end of a sentence are braces.
    attrs: { disable: true },
    anchor: { slugify },
    headers: { slugify },
    toc: { slugify },
    config(markdown) {
      linkToPages(markdown);
      nameColumns(markdown);
    },
  },
  // The reference of the core is one long page, and the search index another.
  vite: { build: { chunkSizeWarningLimit: 2_000 } },
  themeConfig: {
    logo: "/favicon.svg",
    search,
    outline: [2, 3],
    nav: [
      { text: "Start", link: "/start/ws", activeMatch: "^/start/" },
      { text: "Guide", link: "/concepts" },
      { text: "Recipes", link: "/recipes/", activeMatch: "^/recipes/" },
      { text: "Reference", link: "/packages/", activeMatch: "^/(reference|packages)/" },
      { text: "Evidence", link: "/evidence" },
    ],
    sidebar: [
      {
        text: "Start",
        items: [
          { text: "ws", link: "/start/ws" },
          { text: "socket.io", link: "/start/socketio" },
          { text: "Express and sockets", link: "/start/express" },
        ],
      },
      {
        text: "Guide",
        items: [
          { text: "Concepts", link: "/concepts" },
          { text: "Writing rules", link: "/rules" },
          { text: "Errors and codes", link: "/errors" },
          { text: "Error messages", link: "/mistakes" },
          { text: "HTTP rules on sockets", link: "/migrate-http-rules" },
          { text: "Security", link: "/security" },
          { text: "Operations", link: "/operations" },
          { text: "From Django Channels REST Framework", link: "/migrate-from-dcrf" },
          { text: "Glossary", link: "/glossary" },
        ],
      },
      {
        text: "Recipes",
        items: [
          { text: "All recipes", link: "/recipes/" },
          { text: "User in a handler", link: "/recipes/user-in-a-handler" },
          { text: "JWT", link: "/recipes/jwt" },
          { text: "Testing rules", link: "/recipes/testing-rules" },
          { text: "Logging and metrics", link: "/recipes/logging" },
          { text: "When not to use it", link: "/recipes/when-not-to-use-it" },
        ],
      },
      {
        text: "Reference",
        items: [{ text: "Packages", link: "/packages/" }, ...packages],
      },
      {
        text: "Evidence",
        items: [
          { text: "Figures and attacks", link: "/evidence" },
          { text: "How fast", link: "/speed" },
          { text: "Supported runtimes", link: "/runtimes" },
          { text: "Transparency", link: "/transparency" },
          { text: "HTTP packages on sockets", link: "/http-middlewares" },
          { text: "Decisions", link: "/decisions/" },
        ],
      },
    ],
  },
});
