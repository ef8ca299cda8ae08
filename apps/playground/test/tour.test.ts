import type { Locator } from "playwright-core";
import { describe, expect, it } from "vitest";
import { hasChromium } from "../../../test/chromium.js";
import { expectText, Stage } from "./browser.js";

const PHONE = { viewport: { width: 390, height: 844 }, reducedMotion: "reduce" } as const;
const DESKTOP = { viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" } as const;

/** The box of an element in the viewport. */
async function boxOf(place: Locator) {
  const box = await place.boundingBox();
  if (!box) throw new Error("it is not drawn");
  return { top: box.y, bottom: box.y + box.height };
}

describe.skipIf(!hasChromium)("the tour in Chromium", { timeout: 80_000 }, () => {
  const stage = Stage.prepare();
  const bar = () => stage.page.getByRole("navigation", { name: "Tour" });
  const tree = (action: string) => stage.page.getByRole("list", { name: `Rules of ${action}` });
  const card = (title: string) => stage.page.locator("#tour li", { hasText: title });

  it("names the library in one sentence", async () => {
    const page = await stage.open(PHONE);
    expect((await page.locator(".lead").innerText()).match(/Portcullis is a [^.]+\./g)).toHaveLength(1);
  });

  it("brings the tree of a refusal into view on a phone", async () => {
    const page = await stage.open(PHONE);
    await stage.signIn(1, "Guest");
    await stage.write(1, "May I?");
    await expectText(stage.explained(), "Refused: chat.send");
    await expect.poll(async () => (await boxOf(tree("chat.send"))).bottom).toBeLessThan(844);
    expect((await boxOf(tree("chat.send"))).top).toBeGreaterThan(0);
    await page.getByRole("link", { name: "Back to Client 1" }).click();
    await expect.poll(async () => (await boxOf(stage.chat(1))).bottom).toBeLessThan(844);
    await stage.write(1, "And now?");
    await expect.poll(async () => (await boxOf(tree("chat.send"))).bottom).toBeLessThan(844);
  });

  it.each([
    [844, 54],
    [844, 120],
    [667, 54],
  ])("ends the first tree above the bar: phone of %i, bar of %i pixels", async (height, barHeight) => {
    const page = await stage.open({ ...PHONE, viewport: { width: 390, height } });
    await page.locator("#tour-bar").evaluate((place, pixels) => {
      place.style.minHeight = `${pixels}px`;
    }, barHeight);
    await page.getByRole("button", { name: "Send as guest" }).click();
    await expectText(stage.explained(), "Refused: chat.send");
    await bar().getByRole("button", { name: "Next: See why" }).waitFor();
    const { top } = await boxOf(bar());
    expect(height - top).toBe(barHeight);
    expect((await boxOf(tree("chat.send"))).bottom).toBeLessThan(top);
    expect((await boxOf(stage.page.getByRole("heading", { name: "Rules of chat.send" }))).top).toBeGreaterThan(0);
  });

  it("does not move a phone for what is allowed", async () => {
    const page = await stage.open(PHONE);
    await stage.write(1, "Hello");
    const before = await page.evaluate("scrollY");
    await expectText(stage.explained(), "Allowed: chat.send");
    expect(await page.evaluate("scrollY")).toBe(before);
  });

  it("stays at the answers side by side on a phone", async () => {
    const page = await stage.open(PHONE);
    const ask = page.getByRole("button", { name: "Ask three ways" });
    await ask.scrollIntoViewIfNeeded();
    const before = await page.evaluate("scrollY");
    await ask.click();
    await expectText(stage.explained(), "Refused: chat.send", "Side by side");
    expect(await page.evaluate("scrollY")).toBe(before);
  });

  it("leads a phone from step to step, with done marks", async () => {
    await stage.open(PHONE);
    expect(await bar().isHidden()).toBe(true);
    await stage.page.getByRole("button", { name: "Send as guest" }).click();
    await expectText(stage.explained(), "Refused: chat.send", "not_a_member");
    await bar().getByRole("button", { name: "Next: See why" }).click();
    await expectText(stage.explained(), "no_links");
    await bar().getByRole("button", { name: "See why (done)" }).waitFor();
    const { bottom } = await boxOf(tree("chat.send"));
    expect(bottom).toBeLessThan((await boxOf(bar())).top);
    for (const title of ["Be refused", "See why"]) {
      await expectText(card(title), "(done)");
      expect(await card(title).getAttribute("data-done")).toBe("true");
    }
    expect(await card("Ban somebody").getAttribute("data-done")).toBeNull();
    const next = bar().getByRole("button", { name: "Next: Ban somebody" });
    expect(await next.evaluate((button) => button.clientHeight)).toBeLessThan(40);
    await card("See why").getByRole("button", { name: "Next: Ban somebody" }).click();
    await bar().getByRole("button", { name: "Ban somebody (done)" }).waitFor();
  });

  it("ends a ban of an earlier step, and nothing else, before a step", async () => {
    const page = await stage.open(PHONE);
    const unbans = page.locator("#decision-list").getByText("user.unban");
    await page.getByRole("button", { name: "Post a link as member" }).click();
    await expectText(stage.explained(), "no_links");
    expect(await unbans.count()).toBe(0);
    await bar().getByRole("button", { name: "Next: Ban somebody" }).click();
    await expectText(stage.explained(), "Refused: chat.send", "banned");
    await bar().getByRole("button", { name: "Next: Break a rule" }).click();
    await expectText(stage.chat(1), "Admin has let Member in again.");
    await expectText(stage.chat(1), "permission_error");
  });

  it("takes the role of a socket that listens, and gives it back", async () => {
    const page = await stage.open(PHONE);
    await page.getByRole("button", { name: "Demote the member" }).click();
    await expectText(stage.explained(), "Refused: chat.watch", "permission_denied");
    await expect.poll(async () => (await boxOf(tree("chat.watch"))).bottom).toBeLessThan((await boxOf(bar())).top);
    await bar().getByRole("button", { name: "Take a role (done)" }).waitFor();
    for (const button of await bar().getByRole("button").all()) {
      const box = await button.boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? 390)).toBeLessThanOrEqual(390);
    }
    await bar().getByRole("button", { name: "2 See why" }).click();
    await expectText(stage.explained(), "no_links");
  });

  it("tells that it is over once every step is done", async () => {
    const page = await stage.open(PHONE);
    const over = page.locator("#tour-over");
    await page.getByRole("button", { name: "Make isMember throw" }).click();
    await bar().getByRole("button", { name: "Next: Take a role" }).click();
    await bar().getByRole("button", { name: "Next: Be refused" }).click();
    for (const title of ["See why", "Ban somebody", "Break a rule"]) {
      await bar()
        .getByRole("button", { name: `Next: ${title}` })
        .click();
    }
    await bar().getByRole("button", { name: "Next: Take a role" }).click();
    await expectText(bar(), "That was the tour.");
    expect(await over.isVisible()).toBe(true);
    await page.getByRole("log", { name: "What happened" }).getByText("That was the tour.").waitFor();
    const link = bar().getByRole("link", { name: "Change a rule" });
    expect(await link.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    await link.click();
    await expect.poll(async () => (await boxOf(stage.editor())).top).toBeGreaterThan(0);
  });

  it("keeps its steps in reach on a desktop", async () => {
    const page = await stage.open(DESKTOP);
    expect(await bar().isHidden()).toBe(true);
    await page.evaluate("scrollTo(0, 700)");
    await bar().getByRole("button", { name: "See why" }).click();
    await expectText(stage.explained(), "no_links");
    expect((await boxOf(bar())).bottom).toBeLessThanOrEqual(900);
    expect((await boxOf(page.locator("#decisions"))).bottom).toBeLessThanOrEqual((await boxOf(bar())).top);
  });

  it("shows the whole tree beside the clients on a desktop", async () => {
    const page = await stage.open(DESKTOP);
    for (const [button, text] of [
      ["Post a link as member", "no_links"],
      ["Make isMember throw", "Rests on a fault"],
    ] as const) {
      await page.evaluate("scrollTo(0, 0)");
      await page.getByRole("button", { name: button }).click();
      await page.evaluate("scrollTo(0, 700)");
      await expectText(stage.explained(), text);
      const panel = page.locator("#decisions");
      await expect
        .poll(async () => (await boxOf(tree("chat.send"))).bottom - (await boxOf(panel)).bottom)
        .toBeLessThanOrEqual(1);
      expect((await boxOf(stage.explained())).top).toBeGreaterThanOrEqual((await boxOf(panel)).top - 1);
    }
  });

  it("draws an operand of a not that allows as no", async () => {
    await stage.open(DESKTOP);
    await stage.write(1, "Hello");
    await expectText(stage.explained(), "Allowed: chat.send");
    const operand = tree("chat.send").locator("li[data-tone=no]");
    expect(await operand.innerText()).toMatch(/^hasLink\s+no\s+(< )?[\d.]+ ms$/);
    const colourOf = (place: Locator) => place.evaluate("node => getComputedStyle(node).color");
    const muted = tree("chat.send").locator("li", { hasText: "not asked" }).last().getByText("not asked");
    expect(await colourOf(operand.locator(".outcome"))).toBe(await colourOf(muted));
    await stage.write(1, "Look at https://example.com");
    await expectText(stage.explained(), "Refused: chat.send");
    expect(await tree("chat.send").locator("li[data-tone=no]").count()).toBe(0);
  });

  it("covers nothing with the caption of the demonstration", async () => {
    const page = await stage.open(PHONE, "/?demo");
    const caption = page.getByRole("complementary", { name: "Demonstration" });
    await expectText(caption, "Portcullis: permission rules");
    await expect.poll(async () => (await boxOf(stage.editor())).top).toBeGreaterThan(0);
    await expectText(caption, "A member writes.");
    await expectText(stage.explained(), "Allowed: chat.send");
    const captionTop = (await boxOf(caption)).top;
    await expect.poll(async () => (await boxOf(tree("chat.send"))).bottom).toBeLessThan(captionTop);
    expect(await bar().isVisible()).toBe(false);
    await caption.getByRole("button", { name: "Stop" }).click();
    await expect.poll(() => page.evaluate("document.documentElement.style.getPropertyValue('--docked')")).toBe("");
  });
});
