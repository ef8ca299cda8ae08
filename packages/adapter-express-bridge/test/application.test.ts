import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import session from "express-session";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { start } from "../../../examples/express-and-sockets/server.mjs";
import { hasChromium, launchChromium } from "../../../test/chromium.js";

const PATIENT = { timeout: 8000 };
const BOTH = ["ws", "socket.io"] as const;
type Transport = (typeof BOTH)[number];

/** The page of the example, as a visitor uses it. */
class Visitor {
  constructor(
    readonly page: Page,
    readonly url: string,
  ) {}

  async logIn(name: string, password: string): Promise<void> {
    await this.page.goto(this.url);
    await this.page.getByLabel("Name").fill(name);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Log in" }).click();
    await this.page.getByLabel("Who is logged in").getByText(name, { exact: true }).waitFor();
  }

  async logOut(): Promise<void> {
    await this.page.getByRole("button", { name: "Log out" }).click();
    await this.page.getByText("Nobody is logged in.").waitFor();
  }

  /** Opens a connection, and waits until the page shows its outcome. */
  async open(transport: Transport, outcome = `${transport}: open`): Promise<void> {
    const { length } = await this.said;
    await this.page.getByRole("button", { name: `Open ${transport}` }).click();
    await expect.poll(async () => (await this.said).slice(length), PATIENT).toContain(outcome);
  }

  /** Sends a note, and returns the answer. */
  async send(transport: Transport, text: string): Promise<string> {
    await this.page.getByLabel("Note").fill(text);
    const { length } = await this.said;
    await this.page.getByRole("button", { name: `Send over ${transport}` }).click();
    await this.page.getByRole("log").getByRole("listitem").nth(length).waitFor();
    return (await this.said)[length] as string;
  }

  get said(): Promise<string[]> {
    return this.page.getByRole("log").getByRole("listitem").allInnerTexts();
  }
}

const CLOSED = {
  ws: "ws: closed, 4401 not_authenticated",
  "socket.io": "socket.io: closed, 401 Please log in.",
} as const;
const refused = (transport: Transport) => `${transport}: refused, 401 Please log in.`;

describe.skipIf(!hasChromium)("the example in Chromium", { timeout: 30_000 }, () => {
  let browser: Browser;
  let store: session.MemoryStore;
  let application: Awaited<ReturnType<typeof start>>;
  let complaints: string[];
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    complaints = [];
    store = new session.MemoryStore();
    application = await start({ secret: "one", store });
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    await application.close();
    expect(complaints).toEqual([]);
  });

  /** Opens the page in a separate browser profile. */
  async function visit(url = application.url): Promise<Visitor> {
    const context = await browser.newContext();
    contexts.push(context);
    context.setDefaultTimeout(8000);
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(url);
    return new Visitor(page, url);
  }

  it("refuses an anonymous visitor, and a wrong password", async () => {
    const visitor = await visit();
    for (const transport of BOTH) await visitor.open(transport, CLOSED[transport]);
    await visitor.page.getByLabel("Name").fill("ann");
    await visitor.page.getByLabel("Password").fill("banana");
    await visitor.page.getByRole("button", { name: "Log in" }).click();
    await visitor.page.getByText("The name or the password is wrong.").waitFor();
    for (const transport of BOTH) await visitor.open(transport, CLOSED[transport]);
  });

  it("admits a user, and refuses messages after a logout", async () => {
    const visitor = await visit();
    await visitor.logIn("ann", "apple");
    for (const transport of BOTH) {
      await visitor.open(transport);
      expect(await visitor.send(transport, "one")).toBe(`${transport}: saved by ann: one`);
      expect(await visitor.send(transport, "two")).toBe(`${transport}: saved by ann: two`);
    }
    await visitor.logOut();
    for (const transport of BOTH) {
      expect(await visitor.send(transport, "three")).toBe(refused(transport));
      expect(await visitor.send(transport, "four")).toBe(refused(transport));
    }
    // The open connections got refusals and were not closed.
    expect(await visitor.said).not.toContainEqual(expect.stringContaining("closed"));
    for (const transport of BOTH) await visitor.open(transport, CLOSED[transport]);
  });

  it("never takes one of two users for the other", async () => {
    const [ann, bob] = [await visit(), await visit()];
    await Promise.all([ann.logIn("ann", "apple"), bob.logIn("bob", "banana")]);
    for (const transport of BOTH) await Promise.all([ann.open(transport), bob.open(transport)]);
    const before = (await ann.said).length;
    const press = "for (let i = 0; i < 20; i++) for (const b of document.querySelectorAll('[data-send]')) b.click()";
    await Promise.all([ann.page.evaluate(press), bob.page.evaluate(press)]);
    for (const [visitor, name] of [
      [ann, "ann"],
      [bob, "bob"],
    ] as const) {
      await expect.poll(async () => (await visitor.said).length, PATIENT).toBe(before + 40);
      const answers = (await visitor.said).slice(before);
      expect(new Set(answers)).toEqual(new Set(BOTH.map((transport) => `${transport}: saved by ${name}: Hello`)));
    }
    await ann.logOut();
    for (const transport of BOTH) {
      expect(await ann.send(transport, "mine")).toBe(refused(transport));
      expect(await bob.send(transport, "mine")).toBe(`${transport}: saved by bob: mine`);
    }
  });

  it("refuses an expired session and a lost one", async () => {
    const visitor = await visit();
    await visitor.logIn("ann", "apple");
    for (const transport of BOTH) await visitor.open(transport);
    const sessions = (store as unknown as { sessions: Record<string, string> }).sessions;
    for (const [id, text] of Object.entries(sessions)) {
      const kept = JSON.parse(text) as { cookie: object };
      sessions[id] = JSON.stringify({ ...kept, cookie: { ...kept.cookie, expires: new Date(0) } });
    }
    expect(await visitor.send("ws", "late")).toBe(refused("ws"));
    await visitor.logIn("ann", "apple");
    await visitor.open("socket.io");
    store.clear();
    expect(await visitor.send("socket.io", "late")).toBe(refused("socket.io"));
    await visitor.open("ws", CLOSED.ws);
  });

  it("refuses a cookie that was signed with another secret", async () => {
    const other = await start({ secret: "two", store });
    try {
      const visitor = await visit();
      await visitor.logIn("ann", "apple");
      // Cookies of a browser are valid for all ports of a host, so the cookie is sent.
      await visitor.page.goto(other.url);
      const cookies: (string | undefined)[] = [];
      other.server.on("upgrade", ({ headers }) => cookies.push(headers.cookie));
      for (const transport of BOTH) await visitor.open(transport, CLOSED[transport]);
      expect(cookies[0]).toContain("connect.sid=");
    } finally {
      await other.close();
    }
  });

  it("refuses a page of another origin with the visitor's cookie", async () => {
    const evil = createServer((_request, response) =>
      response
        .setHeader("content-type", "text/html")
        .end(`<script src="${application.url}/socket.io/socket.io.js"></script>`),
    );
    await new Promise<void>((resolve) => void evil.listen(0, "127.0.0.1", resolve));
    try {
      const visitor = await visit();
      await visitor.logIn("ann", "apple");
      await visitor.open("socket.io");
      const cookies: (string | undefined)[] = [];
      application.server.on("upgrade", ({ headers }) => cookies.push(headers.cookie));
      const scripts: unknown[] = [];
      application.server.prependListener("request", ({ headers }) => {
        scripts.push([headers.origin, headers["sec-fetch-site"], headers.cookie?.includes("connect.sid=")]);
      });
      await visitor.page.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}`);
      const answers = await visitor.page.evaluate(`(async (url) => [
        await new Promise((resolve) => {
          const socket = new WebSocket(url.replace("http", "ws") + "/ws");
          socket.onclose = ({ code, reason }) => resolve(code + " " + reason);
        }),
        await new Promise((resolve) => {
          const socket = io(url, { transports: ["websocket"], withCredentials: true, reconnection: false });
          socket.on("connect", () => resolve("open"));
          socket.on("connect_error", ({ data }) => resolve(data.status + " " + data.code));
        }),
        await new Promise((resolve) => {
          const socket = io(url, { transports: ["polling"], withCredentials: true, reconnection: false, forceNew: true });
          socket.on("connect", () => resolve("open"));
          socket.on("connect_error", ({ message }) => resolve(message));
        }),
      ])(${JSON.stringify(application.url)})`);
      // A script element sends no Origin. No other header distinguishes its poll from one of the own page.
      expect(scripts[0]).toEqual([undefined, "same-site", true]);
      // The browser refused the last one, because a CORS header is missing.
      expect(answers).toEqual(["4403 origin_not_allowed", "403 origin_not_allowed", "xhr poll error"]);
      expect(cookies).toHaveLength(2);
      for (const cookie of cookies) expect(cookie).toContain("connect.sid=");
    } finally {
      evil.close();
      evil.closeAllConnections();
    }
  });
});
