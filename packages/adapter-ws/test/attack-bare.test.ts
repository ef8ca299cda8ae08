import { attack, describeFindings } from "@portcullis/testing/attack";
import { expect, test } from "vitest";
import { startBare } from "../../../test/bare-server.js";
import { accountsOf } from "./attacked-server.js";

test("every hole of an unguarded ws server is found", async () => {
  const server = await startBare(new URL("bare-server.mjs", import.meta.url));
  try {
    const findings = await attack(`ws://127.0.0.1:${server.port}`, {
      protocol: "dcrf",
      accounts: accountsOf(),
      actions: { open: { action: "ping" }, guarded: { action: "post" }, slow: { action: "work" } },
      ...server.told,
      revoke: () => {},
      restore: () => {},
      limits: { handshake: 300, message: 65_536, unread: 2_000, timeout: 2_000 },
    });
    const those = (held: unknown) => findings.filter((finding) => finding.held === held).map(({ hole }) => hole);
    expect(those(true), describeFindings(findings)).toEqual([]);
    expect(those("not applicable")).toEqual(["any-listeners", "recovery-after-ban", "reserved-events"]);
    expect(findings.at(-1)).toMatchObject({ hole: "bad-packets", held: false });
    expect(await server.ended).toBe(1);
  } finally {
    await server.stop();
  }
}, 120_000);
