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
const packages = [
  "core",
  "adapter-ws",
  "adapter-socketio",
  "adapter-crossws",
  "adapter-express-bridge",
  "revocations",
  "testing",
].map((folder) => {
  const name = `@portcullis/${folder}`;
  const entries = reference.filter(({ text }) => text === name || text.startsWith(`${name}/`));
  const items = entries.map(({ text, link }) => ({ text: text === name ? "Functions and types" : text, link }));
  return { text: name, link: `/packages/${folder}`, collapsed: true, items };
});

/**
 * A section of the sidebar.
 *
 * @param {string} text
 * @param {Record<string, string>} pages Links by title.
 */
const section = (text, pages) => ({
  text,
  items: Object.entries(pages).map(([title, link]) => ({ text: title, link })),
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
    // On a busy machine a line would take longer than the limit of half a second, and lose its colours.
    codeTransformers: [
      {
        name: "no-time-limit",
        preprocess(_code, options) {
          options.tokenizeTimeLimit = 0;
        },
      },
    ],
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
      section("Start", {
        ws: "/start/ws",
        "socket.io": "/start/socketio",
        "Express and sockets": "/start/express",
      }),
      section("Guide", {
        Concepts: "/concepts",
        "Writing rules": "/rules",
        "Errors and codes": "/errors",
        "Error messages": "/mistakes",
        "Codecs of your own": "/codecs",
        "HTTP rules on sockets": "/migrate-http-rules",
        "Expire, sign out, ban": "/continuity",
        "Several processes": "/several-processes",
        Security: "/security",
        Operations: "/operations",
        "From Django Channels REST Framework": "/migrate-from-dcrf",
        Glossary: "/glossary",
      }),
      section("Recipes", {
        "All recipes": "/recipes/",
        "User in a handler": "/recipes/user-in-a-handler",
        JWT: "/recipes/jwt",
        "Sign in later": "/recipes/sign-in-later",
        "Clients that come back": "/recipes/reconnect",
        "Sessions and passport": "/recipes/sessions-and-passport",
        "Rate limits": "/recipes/rate-limits",
        NestJS: "/recipes/nestjs",
        "Fastify, express-ws, koa-websocket": "/recipes/frameworks",
        "Hot reload": "/recipes/hot-reload",
        "Redis adapter of socket.io": "/recipes/several-processes",
        GraphQL: "/recipes/graphql-ws",
        tRPC: "/recipes/trpc",
        "Action inside the event": "/recipes/feathers",
        "Testing rules": "/recipes/testing-rules",
        "Logging and metrics": "/recipes/logging",
        Lint: "/recipes/lint",
        "When not to use it": "/recipes/when-not-to-use-it",
        "Compared with others": "/recipes/compared",
      }),
      { text: "Reference", items: [{ text: "Packages", link: "/packages/" }, ...packages] },
      section("Evidence", {
        "Figures and attacks": "/evidence",
        "How fast": "/speed",
        "Supported runtimes": "/runtimes",
        Transparency: "/transparency",
        "HTTP packages on sockets": "/http-middlewares",
        Decisions: "/decisions/",
      }),
    ],
  },
});
