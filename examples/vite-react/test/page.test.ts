import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launchChromium } from "../../../test/chromium.js";
import { runExample } from "../../test-support.js";

describe.skipIf(!hasChromium)("the page in Chromium", { timeout: 120_000 }, () => {
  let browser: Browser;
  const complaints: string[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser?.close());
  afterEach(() => expect(complaints.splice(0)).toEqual([]));

  async function open(options?: { life: number }) {
    const { url } = await runExample(import.meta.url, options);
    const page = await browser.newPage();
    page.on("pageerror", (error) => complaints.push(String(error)));
    const opened = page.waitForEvent("websocket");
    await page.goto(url);
    return { page, socket: await opened };
  }

  const connection = (page: Page) => page.getByLabel("Connection");

  async function as(page: Page, name: string, status: string) {
    await page.getByLabel("I am").selectOption(name);
    await connection(page).getByText(status, { exact: true }).waitFor();
  }

  test("shows why a message and a connection were refused", async () => {
    const { page } = await open();
    const list = page.getByRole("button", { name: "List notes" });
    await as(page, "guest", "open");
    await list.click();
    await page.getByText("Authentication credentials were not provided. Sign in, and try again.").waitFor();

    await as(page, "bob", "open");
    await list.click();
    await page.getByLabel("Answer").getByText('["Buy milk."]').waitFor();
    await page.getByRole("button", { name: "Clear notes" }).click();
    await page.getByRole("alert").getByText("(permission_denied)").waitFor();

    await as(page, "mallory", "refused for good (banned)");
    expect(await list.isDisabled()).toBe(true);

    await as(page, "ann", "open");
    await page.getByRole("button", { name: "Clear notes" }).click();
    await page.getByLabel("Answer").getByText("1", { exact: true }).waitFor();
  });

  test("renews its token over the open connection", async () => {
    const { page, socket } = await open({ life: 5_000 });
    const isRenewal = ({ payload }: { payload: string | Buffer }) =>
      /"type":"auth.renew".*"expiresIn":\d/.test(`${payload}`);
    await socket.waitForEvent("framereceived", { predicate: isRenewal });
    expect(await connection(page).innerText()).toBe("open");
    expect(socket.isClosed()).toBe(false);
  });

  test("asks for a new sign-in after a sign-out", async () => {
    const { page } = await open();
    await as(page, "bob", "open");
    await page.getByRole("button", { name: "Sign out" }).click();
    await connection(page).getByText("signed out (revoked)", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Sign in again" }).click();
    await connection(page).getByText("open", { exact: true }).waitFor();
  });
});
