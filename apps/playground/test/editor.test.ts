import { describe, expect, it } from "vitest";
import { hasChromium } from "../../../test/chromium.js";
import { Stage } from "./browser.js";

describe.skipIf(!hasChromium)("completion in Chromium", { timeout: 30_000 }, () => {
  const stage = Stage.prepare();
  const options = () => stage.page.getByRole("listbox", { name: "What may be written here" });
  const log = () => stage.page.getByRole("log", { name: "What happened" });
  const type = async (text: string) => {
    const page = await stage.open();
    await stage.editor().press("Control+a");
    await page.keyboard.press("Delete");
    await page.keyboard.type(text);
    return page;
  };

  it("says how many suggestions there are, and which one is chosen", async () => {
    const page = await type("definePolicy({ permissions: is");
    await log()
      .getByText(/^Suggestions: [2-9]\d*\. Arrow keys choose/)
      .first()
      .waitFor();
    const chosen = async () => {
      const id = await stage.editor().getAttribute("aria-activedescendant");
      expect(await stage.editor().getAttribute("aria-controls")).toBe(await options().getAttribute("id"));
      const option = page.locator(`[id="${id}"]`);
      expect(await option.getAttribute("aria-selected")).toBe("true");
      return option.locator("code").innerText();
    };
    const first = await chosen();
    await page.keyboard.press("ArrowDown");
    const second = await chosen();
    expect(second).not.toBe(first);
    await page.keyboard.press("ArrowUp");
    expect(await chosen()).toBe(first);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    expect(await stage.editor().inputValue()).toBe(`definePolicy({ permissions: ${second}`);
    await log().getByText(`${second} inserted.`).waitFor();
    expect(await stage.editor().getAttribute("aria-activedescendant")).toBe(null);
  });

  it("is undone as what was typed", async () => {
    const page = await type("definePolicy({ permissions: allo");
    await page.keyboard.press("Enter");
    expect(await stage.editor().inputValue()).toMatch(/AllowAny$/);
    await page.keyboard.press("Control+z");
    expect(await stage.editor().inputValue()).toMatch(/allo$/);
  });

  it("opens on demand, closes with Escape, and lets nobody be trapped", async () => {
    const page = await type("");
    await page.keyboard.press("Control+Space");
    await options().getByText("IsAuthenticated").waitFor();
    await page.keyboard.press("Escape");
    await options().waitFor({ state: "hidden" });
    await page.keyboard.press("Control+Space");
    await options().waitFor();
    await page.keyboard.press("Shift+Tab");
    expect(await stage.editor().evaluate((area) => area === area.ownerDocument.activeElement)).toBe(false);
    await options().waitFor({ state: "hidden" });
    expect(await stage.editor().inputValue()).toBe("");
  });

  it("does not take Ctrl + Enter, nor insert where the caret no longer is", async () => {
    const page = await type("definePolicy({ actions: { ping: AllowAny } })");
    for (let step = 0; step < " } })".length - 1; step++) await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Control+Space");
    await options().waitFor();
    await page.keyboard.press("Control+Enter");
    await stage.status().getByText("version 2").waitFor();
    await stage.editor().press("Control+Space");
    await options().waitFor();
    await stage.editor().click({ position: { x: 30, y: 20 } });
    await options().waitFor({ state: "hidden" });
  });
});
