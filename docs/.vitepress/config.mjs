// @ts-check
import { existsSync, readFileSync } from "node:fs";
import { defineConfig } from "vitepress";
import { linkToPages } from "./links.mjs";

const sidebar = new URL("../reference/typedoc-sidebar.json", import.meta.url);
/** @type {{ text: string, link: string }[]} */
const reference = existsSync(sidebar) ? JSON.parse(readFileSync(sidebar, "utf8")) : [];

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
    config: linkToPages,
  },
  // The reference of the core is one long page, and the search index another.
  vite: { build: { chunkSizeWarningLimit: 2_000 } },
  themeConfig: {
    logo: "/favicon.svg",
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Start", link: "/start/ws" },
      { text: "Guide", link: "/concepts" },
      { text: "Security", link: "/security" },
      { text: "Reference", link: "/reference/" },
    ],
    sidebar: [
      {
        text: "Start in five minutes",
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
          { text: "Testing rules", link: "/testing" },
          { text: "Errors and codes", link: "/errors" },
          { text: "Mistakes, and what they are told", link: "/mistakes" },
          { text: "Glossary", link: "/glossary" },
        ],
      },
      {
        text: "Move what you have",
        items: [
          { text: "HTTP rules to sockets", link: "/migrate-http-rules" },
          { text: "Which HTTP packages work", link: "/http-middlewares" },
          { text: "From Django Channels REST Framework", link: "/migrate-from-dcrf" },
        ],
      },
      {
        text: "In production",
        items: [
          { text: "Security guide", link: "/security" },
          { text: "Operations", link: "/operations" },
          { text: "How fast", link: "/speed" },
          { text: "Where it runs", link: "/runtimes" },
          { text: "Transparency", link: "/transparency" },
        ],
      },
      { text: "Reference", collapsed: true, items: reference },
      { text: "Decisions", collapsed: true, link: "/decisions/" },
    ],
  },
});
