import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launchChromium } from "../../../test/chromium.js";
import { runExample } from "../../test-support.js";

describe.skipIf(!hasChromium)("the page in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser?.close());

  test("shows why a message and a connection were refused", { timeout: 60_000 }, async () => {
    const { url } = await runExample(import.meta.url);
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(url);
    const connection = page.getByLabel("Connection");
    const as = async (name: string, status: string) => {
      await page.getByLabel("I am").selectOption(name);
      await connection.getByText(status, { exact: true }).waitFor();
    };

    await as("guest", "open");
    await page.getByRole("button", { name: "List notes" }).click();
    await page.getByText("Authentication credentials were not provided. Sign in, and try again.").waitFor();

    await as("bob", "open");
    await page.getByRole("button", { name: "List notes" }).click();
    expect(await page.getByLabel("Answer").innerText()).toBe('["Buy milk."]');
    await page.getByRole("button", { name: "Clear notes" }).click();
    expect(await page.getByRole("alert").innerText()).toMatch(/\(permission_denied\)$/);

    await as("mallory", "banned");
    expect(await page.getByRole("button", { name: "List notes" }).isDisabled()).toBe(true);

    await as("ann", "open");
    await page.getByRole("button", { name: "Clear notes" }).click();
    expect(await page.getByLabel("Answer").innerText()).toBe("1");
    expect(complaints).toEqual([]);
  });
});
