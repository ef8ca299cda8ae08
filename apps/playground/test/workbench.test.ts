import axe from "axe-core";
import { describe, expect, it } from "vitest";
import { hasChromium } from "../../../test/chromium.js";
import { FIRST_POLICY } from "../src/policy-text.mjs";
import { expectText, Stage } from "./browser.js";

const LINK = "Look at https://example.com";
const WITHOUT_LINK_RULE = FIRST_POLICY.replace(/and\(\s+isMember,[\s\S]+?\}\),\s+\)/, "isMember");

describe.skipIf(!hasChromium)("the workbench in Chromium", { timeout: 30_000 }, () => {
  const stage = Stage.prepare();
  const parity = () => stage.page.getByRole("region", { name: "The same over HTTP" });
  const answers = () => parity().getByRole("article");

  it.each(["ws", "socket.io", "polling", "HTTP"] as const)(
    "changes a rule while a client is connected over %s",
    async (transport) => {
      await stage.open();
      if (transport !== "ws") await stage.switchTo(1, transport);
      await stage.write(1, LINK);
      await expectText(stage.chat(1), "403", "no_links", "Members may not post links.");
      await stage.apply(WITHOUT_LINK_RULE);
      await expectText(stage.status(), "In force on ws, socket.io and HTTP (version 2).");
      await stage.write(1, LINK);
      await expectText(stage.chat(2), LINK);
      await expectText(stage.chat(1), LINK);
    },
  );

  it("marks errors of a policy, completes words and refuses invalid texts", async () => {
    const page = await stage.open();
    await stage.editor().fill("");
    await page.keyboard.type("definePolicy({ permissions: NotBanned, actions: { ping: allo", { delay: 5 });
    const options = page.getByRole("listbox", { name: "What may be written here" });
    await expectText(options, "AllowAny");
    await page.keyboard.press("Enter");
    expect(await stage.editor().inputValue()).toMatch(/ping: AllowAny$/);
    await page.keyboard.type(', "chat.send": hasr', { delay: 5 });
    await page.keyboard.press("Tab");
    await page.keyboard.type("admn");
    await expectText(stage.status(), "Line 1, column 95: a comma must follow, or a } that ends `actions`");
    await page.keyboard.press("Control+Enter");
    expect(await stage.editor().getAttribute("aria-invalid")).toBe("true");
    const apply = page.getByRole("button", { name: "Apply" });
    expect(await apply.getAttribute("aria-disabled")).toBe("true");
    await page.getByText("Apply waits until the error in line 1 is corrected.").waitFor();
    await page.keyboard.press("End");
    await page.keyboard.type("} })");
    expect(await apply.getAttribute("aria-disabled")).toBe("false");
    await page.keyboard.press("Control+Enter");
    await expectText(stage.status(), "version 2");
    await stage.write(2, "Hello");
    await expectText(stage.chat(2), "permission_denied");
    await expectText(stage.explained(), "HasRole(admn)");
  });

  it("shares a policy as a link, which is shown and not applied", async () => {
    await stage.open();
    await stage.editor().fill(WITHOUT_LINK_RULE);
    await stage.page.getByRole("button", { name: "Copy link" }).click();
    await expectText(stage.status(), "The link to this policy is");
    const { hash } = new URL(stage.page.url());
    const other = await stage.another(`/${hash}`);
    expect(await other.editor().inputValue()).toBe(WITHOUT_LINK_RULE);
    await expectText(other.status(), "This policy came with the link.");
    await other.write(1, LINK);
    await expectText(other.chat(1), "no_links");
    await other.page.getByRole("button", { name: "Apply" }).click();
    await expectText(other.status(), "version 2");
  });

  it.each(["ws", "socket.io"] as const)("refuses over %s while a rule fails", async (transport) => {
    await stage.open();
    if (transport !== "ws") for (const number of [1, 2]) await stage.switchTo(number, transport);
    for (const fault of ["throws", "rejects", "returns undefined"]) {
      await stage.breakRule("isMember", fault);
      await stage.write(1, `Open when it ${fault}?`);
      await expectText(stage.chat(1), "permission_error", "The permission could not be checked.");
      await stage.write(2, `The admin when it ${fault}`);
      await expectText(stage.chat(1), `The admin when it ${fault}`);
      expect(await stage.chat(2).getByText("Open when").count()).toBe(0);
      await stage.chat(1).getByRole("listitem").last().waitFor();
    }
    await expectText(stage.explained(), "Allowed: chat.send", "failed");
    if (transport === "ws") {
      await stage.breakRule("isMember", "never answers");
      await stage.write(1, "Open when it hangs?");
      await expectText(stage.chat(1), "503", "permission_timeout");
    }
    await stage.page.getByRole("button", { name: "Reset" }).click();
    await stage.write(1, "It works again");
    await expectText(stage.chat(2), "It works again");
  });

  it("sends one question over HTTP, ws and socket.io", async () => {
    const page = await stage.open();
    const cases = [
      ["Guest", "chat.send", "403", "not_a_member"],
      ["Not signed in", "chat.history", "401", "not_authenticated"],
      ["Admin", "user.ban", "200", "allowed"],
      ["Member", "ping", "403", "banned"],
      ["Guest", "Unknown action", "405", "unknown_action"],
    ] as const;
    for (const [account, action, status, code] of cases) {
      await page.getByLabel("Ask as").selectOption({ label: account });
      await page.getByLabel("Action", { exact: true }).selectOption({ label: action });
      await page.getByRole("button", { name: "Ask three ways" }).click();
      await expectText(parity(), "three times");
      expect(await answers().count()).toBe(3);
      for (const answer of await answers().all()) await expectText(answer, status, code);
    }
    await expectText(stage.page.getByRole("button", { name: /Side by side, Guest, HTTP/ }), "not_a_member");
  });

  it("writes the program for the policy in force", async () => {
    const page = await stage.open();
    const program = page.getByRole("region", { name: "Program for the policy in force" });
    await expectText(program, 'from "@portcullis/adapter-ws"');
    for (const [target, name] of [
      ["socket.io", "@portcullis/adapter-socketio"],
      ["Express", "@portcullis/adapter-express-bridge"],
    ] as const) {
      await page.getByRole("group", { name: "Server" }).getByText(target).click();
      await expectText(program, `from "${name}"`);
    }
    await stage.apply('definePolicy({ actions: { "chat.fly": DenyAll } })');
    await expectText(program, '"chat.fly": DenyAll');
  });

  it("shares chat, rules, faults and decisions between two browsers", async () => {
    await stage.open();
    const other = await stage.another();
    await stage.write(1, "Hello from one browser");
    await expectText(other.chat(2), "Hello from one browser");
    await other.page.getByRole("button", { name: /chat.send Another page's client 1, Member/ }).waitFor();
    await other.breakRule("isMember", "throws");
    await stage.page.locator("li[data-broken]", { hasText: "isMember" }).waitFor();
    await other.apply(WITHOUT_LINK_RULE);
    await expectText(stage.status(), "version 2");
    expect(await stage.editor().inputValue()).toBe(WITHOUT_LINK_RULE);
    await other.breakRule("isMember", "works");
    await other.sendFrame(2, "user.ban");
    await stage.write(1, "Can you still hear me?");
    await expectText(stage.chat(1), "banned", "You are banned from this chat.");
    await expectText(stage.client(1), "Connected");
  });

  it("plays the demonstration until it is stopped", async () => {
    const page = await stage.open(undefined, "/?demo");
    const story = page.getByRole("complementary", { name: "Demonstration" });
    await expectText(story, "Portcullis: permission rules for real-time servers.");
    await story.getByRole("button", { name: "Stop" }).click();
    await story.waitFor({ state: "detached" });
    await stage.write(1, "My turn");
    await expectText(stage.chat(2), "My turn");
  });

  it("plays a rule that breaks, from the tour", async () => {
    const page = await stage.open();
    await page.getByRole("button", { name: "Make isMember throw" }).click();
    await expectText(stage.chat(1), "permission_error");
    await expectText(stage.chat(1), "I can still write.");
    await page.locator("li[data-broken]").waitFor({ state: "detached" });
  });

  it.each([360, 1440])("passes axe in light and dark at %i pixels", async (width) => {
    const page = await stage.open({ bypassCSP: true, reducedMotion: "reduce", viewport: { width, height: 800 } });
    if (width === 360) await stage.client(1).getByText("Frames", { exact: false }).first().click();
    await stage.client(2).getByText("Send any action").click();
    await stage.breakRule("hasLink", "throws");
    await stage.write(1, "Hello");
    await expectText(stage.chat(1), "permission_error");
    await page.getByRole("button", { name: "Ask three ways" }).click();
    await expectText(parity(), "three times");
    await stage.editor().press("Control+a");
    await page.keyboard.type("definePolicy({ permissions: isMem");
    await page.evaluate(axe.source);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const { violations, passes } = await page.evaluate(async () => {
        const { violations: found, passes } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
        const told = found.map(
          ({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.map(({ html }) => html).join(" | ")}`,
        );
        return { violations: told, passes: passes.map(({ id }) => id) };
      });
      expect(passes).toContain("color-contrast");
      expect(violations.filter((text) => /^(serious|critical)/.test(text))).toEqual([]);
    }
  });
});
