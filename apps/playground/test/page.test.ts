import { describe, expect, it } from "vitest";
import { hasChromium } from "../../../test/chromium.js";
import { start } from "../src/start.mjs";
import { expectText, Stage } from "./browser.js";

describe.skipIf(!hasChromium)("the page in Chromium", { timeout: 60_000 }, () => {
  const stage = Stage.prepare();

  it("shows a message to every client that may read", async () => {
    await stage.open();
    await stage.write(1, "Hello <b>everybody</b>");
    await expectText(stage.chat(1), "Hello <b>everybody</b>");
    await expectText(stage.chat(2), "Hello <b>everybody</b>");
    await expectText(stage.explained(), "Allowed: chat.send");
  });

  it("shows a refusal with code, reason and frame", async () => {
    await stage.open();
    await stage.signIn(1, "Not signed in");
    await expectText(stage.chat(1), "401", "not_authenticated");
    await stage.signIn(1, "Guest");
    await stage.write(1, "May I?");
    await expectText(stage.chat(1), "403", "not_a_member", "Only members may write in this chat.");
    await expectText(stage.client(1).getByLabel("Frames of Client 1"), '"response_status":403');
    expect(await stage.chat(2).getByText("May I?").count()).toBe(0);
    await expectText(
      stage.page.getByRole("log", { name: "What happened" }),
      "Client 1: chat.send refused, 403 not_a_member",
    );
  });

  it("draws outcome, reason and time of each rule of a decision", async () => {
    await stage.open();
    await stage.signIn(1, "Guest");
    await stage.write(1, "May I?");
    await stage.chat(1).getByText("chat.send: Only members").waitFor();
    await stage.sendFrame(1, "ping");
    await expectText(stage.explained(), "Allowed: ping");
    await stage.chat(1).getByRole("button", { name: "Why?" }).click();
    await expectText(stage.explained(), "Refused: chat.send");

    const tree = stage.page.getByRole("list", { name: "Rules of chat.send" });
    const rule = (name: string) => tree.locator("li", { has: stage.page.getByText(name, { exact: true }) }).last();
    expect(await rule("IsAuthenticated").innerText()).toMatch(/allowed\s+(< )?[\d.]+ ms/);
    expect(await rule("isMember").innerText()).toMatch(/denied\s+not_a_member Only members may write.*\s+[\d.]+ ms/);
    expect(await rule("HasRole(admin)").innerText()).toMatch(/denied/);
    expect(await rule("hasLink").innerText()).toMatch(/not asked$/);
    expect(await rule("hasLink").getAttribute("data-tone")).toBe("unasked");
    await expectText(stage.page.getByRole("region", { name: "Source of isMember" }), 'permission("isMember"');
    await stage.explained().getByRole("button", { name: "IsAuthenticated" }).click();
    await expectText(stage.page.getByRole("region", { name: "Source of IsAuthenticated" }), '"@portcullis/core"');
    for (const kind of ["and", "or", "not"])
      expect(await tree.getByText(kind, { exact: true }).count()).toBeGreaterThan(0);
  });

  it("draws the tree of a decision over HTTP as that of a socket", async () => {
    await stage.open();
    await stage.switchTo(1, "HTTP");
    await stage.write(1, "Look at https://example.com");
    await stage.chat(1).getByRole("button", { name: "Why?" }).click();
    await expectText(stage.explained(), "Refused: chat.send", "Client 1, Member, HTTP");
    const tree = stage.page.getByRole("list", { name: "Rules of chat.send" });
    const rule = (name: string) => tree.locator("li", { has: stage.page.getByText(name, { exact: true }) }).last();
    expect(await rule("isMember").innerText()).toMatch(/allowed\s+[\d.]+ ms/);
    expect(await rule("hasLink").innerText()).toMatch(/allowed\s+(< )?[\d.]+ ms/);
    expect(await rule("HasRole(admin)").innerText()).toMatch(/denied/);
    await expectText(stage.page.getByRole("region", { name: "Source of hasLink" }), 'permission("hasLink"');

    await stage.sendFrame(2, "user.ban");
    await stage.write(1, "Can you still hear me?");
    await expectText(stage.chat(1), "chat.send: You are banned from this chat.");
    await stage.chat(1).getByRole("button", { name: "Why?" }).last().click();
    await expectText(stage.explained(), "Client 1, Member, HTTP, to connect", "NotBanned");

    await stage.switchTo(2, "HTTP");
    await stage.sendFrame(2, "user.unban");
    await stage.page.getByRole("button", { name: "user.unban Client 2, Admin, HTTP, about the object" }).click();
    const unban = stage.page.getByRole("list", { name: "Rules of user.unban" });
    await expectText(unban, "isOneself", "HasRole(admin)");
    expect(await unban.getByText("not asked").count()).toBe(0);
  });

  it("shows the decision of the chosen refusal, not an older one", async () => {
    const page = await stage.open();
    await stage.write(1, "Look at https://example.com");
    await stage.chat(1).getByRole("button", { name: "Why?" }).click();
    await expectText(stage.explained(), "Refused: chat.send", "HasRole(admin)");
    await stage.sendFrame(2, "user.ban");
    await expectText(stage.chat(2), "Admin has banned Member.");
    // Asks before the page can have been told of the decision.
    await page.evaluate(`{
      const ask = () => [...document.querySelectorAll("article button.link")].at(-1)?.click();
      const chat = document.querySelector('[aria-label="The chat as Client 1 sees it"]');
      new MutationObserver(ask).observe(chat, { childList: true, subtree: true });
    }`);
    await stage.write(1, "Can you still hear me?");
    await expectText(stage.explained(), "Refused: chat.send", "You are banned from this chat.");
  });

  it("bans the member on its open socket", async () => {
    await stage.open();
    await stage.page.getByRole("button", { name: "Ban the member" }).click();
    await expectText(stage.chat(1), "Hello everybody!");
    await expectText(stage.chat(2), "Admin has banned Member.");
    await expectText(stage.chat(1), "banned", "chat.send: You are banned from this chat.");
    await expectText(stage.explained(), "Refused: chat.send", "NotBanned");
    await expectText(stage.client(1), "Connected");
    await stage.signIn(2, "Guest");
    await stage.client(2).getByText("Member", { exact: true }).first().click();
    await expectText(stage.client(2), "Closed: 4403 banned");
    await stage.client(2).getByRole("button", { name: "Connect again" }).waitFor();
  });

  it("answers garbage and unknown actions, and keeps the socket open", async () => {
    await stage.open();
    await stage.sendFrame(1, "Garbage");
    await expectText(stage.chat(1), "400", "bad_message");
    expect(await stage.chat(1).getByRole("button", { name: "Why?" }).count()).toBe(0);
    await stage.sendFrame(1, "Unknown action");
    await expectText(stage.chat(1), "405", "unknown_action");
    await expectText(stage.explained(), "Refused: chat.fly", "The policy has no rule for this action.");
    await stage.sendFrame(1, "ping");
    await expectText(stage.explained(), "Allowed: ping");
  });

  it("applies the same rules over socket.io, in one chat with ws", async () => {
    await stage.open();
    await stage.switchTo(1, "socket.io");
    await expectText(stage.client(1), "Connected");
    await stage.write(1, "Hello from socket.io");
    await expectText(stage.chat(2), "Hello from socket.io");
    await stage.write(2, "Hello from ws");
    await expectText(stage.chat(1), "Hello from ws");
    await stage.sendFrame(1, "Unknown action");
    await expectText(stage.chat(1), "405", "unknown_action");
    await stage.sendFrame(1, "ping");
    await expectText(stage.explained(), "Allowed: ping");

    await stage.signIn(1, "Guest");
    await stage.write(1, "May I?");
    await expectText(stage.chat(1), "403", "not_a_member", "Only members may write in this chat.");
    await expectText(stage.client(1).getByLabel("Frames of Client 1"), '["chat.send",{"text":"May I?"}]', '"ok":false');
    await expectText(stage.explained(), "Refused: chat.send", "isMember");

    await stage.signIn(1, "Member");
    await stage.sendFrame(2, "user.ban");
    await expectText(stage.chat(2), "Admin has banned Member.");
    await stage.write(1, "Can you still hear me?");
    await expectText(stage.chat(1), "chat.send: You are banned from this chat.");
    await stage.client(1).getByText("Guest", { exact: true }).first().click();
    await expectText(stage.client(1), "Connected");
    await stage.client(1).getByText("Member", { exact: true }).first().click();
    await expectText(stage.client(1), "Refused: 403 banned");
    await stage.switchTo(2, "socket.io");
    await stage.sendFrame(2, "user.unban");
    await stage.client(1).getByRole("button", { name: "Connect again" }).click();
    await expectText(stage.client(1), "Connected");
  });

  it("gives each client a socket, also an added one", async () => {
    await stage.open();
    await stage.page.getByRole("button", { name: "Add a client" }).click();
    await stage.page.getByRole("button", { name: "chat.watch Client 3, Guest" }).waitFor();
    await stage.write(2, "Three of us");
    await expectText(stage.chat(3), "Three of us");
    await stage.client(3).getByRole("button", { name: "Remove" }).click();
    expect(await stage.client(3).count()).toBe(0);
  });

  it("shows that the server is gone, and connects again", async () => {
    await stage.open();
    const { port } = stage.playground;
    await stage.playground.close();
    await expectText(stage.client(1), "Closed: 1001 going away");
    stage.playground = await start({ port });
    await stage.client(1).getByRole("button", { name: "Connect again" }).click();
    await expectText(stage.client(1), "Connected");
    await stage.write(1, "Here again");
    await expectText(stage.explained(), "Allowed: chat.send");
  });

  it.each([
    ["light", 360],
    ["dark", 360],
    ["light", 1440],
    ["dark", 1440],
  ] as const)("fits in %s at %i pixels, and works from the keyboard", async (colorScheme, width) => {
    await stage.open({ colorScheme, viewport: { width, height: 800 } });
    await stage.client(1).getByRole("radio", { name: "Member" }).focus();
    await stage.page.keyboard.press("ArrowLeft");
    await stage.page.getByRole("button", { name: "chat.watch Client 1, Guest" }).waitFor();
    // Past the transport, to the message.
    for (let tab = 0; tab < 3; tab++) await stage.page.keyboard.press("Tab");
    await stage.page.keyboard.type("May I?");
    await stage.page.keyboard.press("Enter");
    await stage.chat(1).getByRole("button", { name: "Why?" }).focus();
    await stage.page.keyboard.press("Enter");
    await expectText(stage.explained(), "Refused: chat.send");
    expect(await stage.page.locator(":focus").getAttribute("id")).toBe("explained");
    expect(await stage.page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    const [title, status] = await stage.page.locator("#policy-title, #policy-status").evaluateAll((places) =>
      places.map((place) => {
        const { left, right, top, bottom } = place.getBoundingClientRect();
        return { left, right, top, bottom };
      }),
    );
    if (!title || !status) throw new Error("the rules are not there");
    // The status stands below the title, or well beside it.
    if (width === 360) expect(status.top).toBeGreaterThanOrEqual(title.bottom);
    else expect(status.left).toBeGreaterThan(title.right + 12);
  });
});
