import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hasChromium, launchChromium } from "../../../test/chromium.js";
import { start } from "../src/start.mjs";

describe.skipIf(!hasChromium)("the page in Chromium", { timeout: 30_000 }, () => {
  let browser: Browser;
  let playground: Awaited<ReturnType<typeof start>>;
  let page: Page;
  let complaints: string[];
  let outside: string[];

  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    playground = await start();
    complaints = [];
    outside = [];
  });
  afterEach(async () => {
    await page.close();
    await playground.close();
    expect(complaints).toEqual([]);
    expect(outside).toEqual([]);
  });

  /** Opens the page, and waits until both clients have read the chat. */
  async function open(options: BrowserContextOptions = { viewport: { width: 1440, height: 900 } }) {
    page = await browser.newPage(options);
    page.setDefaultTimeout(8000);
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(`${playground.url}/`)) outside.push(request.url());
    });
    await page.goto(playground.url);
    await page.getByRole("button", { name: /chat\.watch Client 2/ }).waitFor();
  }

  const client = (number: number) => page.getByRole("article", { name: `Client ${number}`, exact: true });
  const chat = (number: number) => client(number).getByLabel(`The chat as Client ${number} sees it`);
  const explained = () => page.getByRole("article", { name: /Refused|Allowed/ });

  async function signIn(number: number, account: string) {
    const watched = page.getByRole("button", { name: `chat.watch Client ${number}, ${account}` });
    const before = await watched.count();
    await client(number).getByText(account, { exact: true }).first().click();
    await expect.poll(() => watched.count(), { timeout: 10_000 }).toBe(before + 1);
  }

  async function write(number: number, text: string) {
    await client(number)
      .getByRole("textbox", { name: `Message of Client ${number}` })
      .fill(text);
    await client(number).getByRole("button", { name: "Send", exact: true }).click();
  }

  async function sendFrame(number: number, sample: string) {
    await client(number).getByRole("group", { name: "Or send any frame" }).getByText(sample, { exact: true }).click();
    await client(number).getByRole("button", { name: "Send frame" }).click();
  }

  async function expectText(place: Locator, ...texts: string[]) {
    for (const text of texts) await place.getByText(text).first().waitFor();
  }

  it("sends a message, and everybody who may read sees it", async () => {
    await open();
    await write(1, "Hello <b>everybody</b>");
    await expectText(chat(1), "Hello <b>everybody</b>");
    await expectText(chat(2), "Hello <b>everybody</b>");
    await expectText(explained(), "Allowed: chat.send");
  });

  it("shows a refusal with code and reason, and what it says on the wire", async () => {
    await open();
    await signIn(1, "Guest");
    await write(1, "May I?");
    await expectText(chat(1), "403", "not_a_member", "Only members may write in this chat.");
    await expectText(client(1).getByLabel("Frames of Client 1"), '"response_status":403');
    expect(await chat(2).getByText("May I?").count()).toBe(0);
    await expectText(page.getByRole("log", { name: "What happened" }), "Client 1: chat.send refused, 403 not_a_member");
  });

  it("says that whoever is not signed in may not read either", async () => {
    await open();
    await signIn(1, "Not signed in");
    await expectText(chat(1), "401", "not_authenticated");
  });

  it("draws the tree of the very decision: outcome, reason and time of each rule, grey where not asked", async () => {
    await open();
    await signIn(1, "Guest");
    await write(1, "May I?");
    await chat(1).getByText("chat.send: Only members").waitFor();
    await sendFrame(1, "ping");
    await expectText(explained(), "Allowed: ping");
    await chat(1).getByRole("button", { name: "Why?" }).click();
    await expectText(explained(), "Refused: chat.send");

    const tree = page.getByRole("list", { name: "Asked of chat.send" });
    const rule = (name: string) => tree.locator("li", { has: page.getByText(name, { exact: true }) }).last();
    expect(await rule("IsAuthenticated").innerText()).toMatch(/allowed\s+(< )?[\d.]+ ms/);
    expect(await rule("isMember").innerText()).toMatch(/denied\s+not_a_member Only members may write.*\s+[\d.]+ ms/);
    expect(await rule("HasRole(admin)").innerText()).toMatch(/denied/);
    expect(await rule("hasLink").innerText()).toMatch(/not asked$/);
    expect(await rule("hasLink").getAttribute("data-tone")).toBe("unasked");
    for (const kind of ["and", "or", "not"])
      expect(await tree.getByText(kind, { exact: true }).count()).toBeGreaterThan(0);
  });

  it("bans the member before everybody's eyes, on its open socket", async () => {
    await open();
    await page.getByRole("button", { name: "Ban the member" }).click();
    await expectText(chat(1), "Hello everybody!");
    await expectText(chat(2), "Admin has banned Member.");
    await expectText(chat(1), "banned", "chat.send: You are banned from this chat.");
    await expectText(explained(), "Refused: chat.send", "NotBanned");
    await expectText(client(1), "Connected");
    await signIn(2, "Guest");
    await client(2).getByText("Member", { exact: true }).first().click();
    await expectText(client(2), "Closed: 4403 banned");
    await client(2).getByRole("button", { name: "Connect again" }).waitFor();
  });

  it("has garbage and unknown actions answered on a socket that lives on", async () => {
    await open();
    await sendFrame(1, "Garbage");
    await expectText(chat(1), "400", "bad_message");
    expect(await chat(1).getByRole("button", { name: "Why?" }).count()).toBe(0);
    await sendFrame(1, "Unknown action");
    await expectText(chat(1), "405", "unknown_action");
    await expectText(explained(), "Refused: chat.fly", "No rule stands for this action");
    await sendFrame(1, "ping");
    await expectText(explained(), "Allowed: ping");
  });

  async function switchTo(number: number, transport: "ws" | "socket.io") {
    const watched = page.getByRole("button", { name: `chat.watch Client ${number}` });
    const before = await watched.count();
    await client(number).getByText(transport, { exact: true }).click();
    await expect.poll(() => watched.count(), { timeout: 10_000 }).toBe(before + 1);
  }

  it("says the same over socket.io, with the same rules, in one chat with ws", async () => {
    await open();
    await switchTo(1, "socket.io");
    await expectText(client(1), "Connected");
    await write(1, "Hello from socket.io");
    await expectText(chat(2), "Hello from socket.io");
    await write(2, "Hello from ws");
    await expectText(chat(1), "Hello from ws");
    await sendFrame(1, "Unknown action");
    await expectText(chat(1), "405", "unknown_action");
    await sendFrame(1, "ping");
    await expectText(explained(), "Allowed: ping");

    await signIn(1, "Guest");
    await write(1, "May I?");
    await expectText(chat(1), "403", "not_a_member", "Only members may write in this chat.");
    await expectText(client(1).getByLabel("Frames of Client 1"), '["chat.send",{"text":"May I?"}]', '"ok":false');
    await expectText(explained(), "Refused: chat.send", "isMember");

    await signIn(1, "Member");
    await sendFrame(2, "user.ban");
    await expectText(chat(2), "Admin has banned Member.");
    await write(1, "Can you still hear me?");
    await expectText(chat(1), "chat.send: You are banned from this chat.");
    await client(1).getByText("Guest", { exact: true }).first().click();
    await expectText(client(1), "Connected");
    await client(1).getByText("Member", { exact: true }).first().click();
    await expectText(client(1), "Refused: 403 banned");
    await switchTo(2, "socket.io");
    await sendFrame(2, "user.unban");
    await client(1).getByRole("button", { name: "Connect again" }).click();
    await expectText(client(1), "Connected");
  });

  it("gives each client a socket of its own, also one that is added", async () => {
    await open();
    await page.getByRole("button", { name: "Add a client" }).click();
    await page.getByRole("button", { name: "chat.watch Client 3, Guest" }).waitFor();
    await write(2, "Three of us");
    await expectText(chat(3), "Three of us");
    await client(3).getByRole("button", { name: "Remove" }).click();
    expect(await client(3).count()).toBe(0);
  });

  it("says when the server is gone, and comes back with it", async () => {
    await open();
    const { port } = playground;
    await playground.close();
    await expectText(client(1), "Closed: 1001 going away");
    playground = await start({ port });
    await client(1).getByRole("button", { name: "Connect again" }).click();
    await expectText(client(1), "Connected");
    await write(1, "Here again");
    await expectText(explained(), "Allowed: chat.send");
  });

  it.each([
    ["light", 360],
    ["dark", 360],
    ["light", 1440],
    ["dark", 1440],
  ] as const)("fits in %s at %i pixels, and works from the keyboard", async (colorScheme, width) => {
    await open({ colorScheme, viewport: { width, height: 800 } });
    await client(1).getByRole("radio", { name: "Member" }).focus();
    await page.keyboard.press("ArrowLeft");
    await page.getByRole("button", { name: "chat.watch Client 1, Guest" }).waitFor();
    // Past the transport, to the message.
    for (let tab = 0; tab < 3; tab++) await page.keyboard.press("Tab");
    await page.keyboard.type("May I?");
    await page.keyboard.press("Enter");
    await chat(1).getByRole("button", { name: "Why?" }).focus();
    await page.keyboard.press("Enter");
    await expectText(explained(), "Refused: chat.send");
    expect(await page.locator(":focus").getAttribute("id")).toBe("explained");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  });
});
