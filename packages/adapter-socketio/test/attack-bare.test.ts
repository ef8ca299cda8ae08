import { attack, describeFindings } from "@portcullis/testing/attack";
import { expect, test } from "vitest";
import { startBare } from "../../../test/bare-server.js";

test("on a nearly unguarded socket.io server every hole is found", async () => {
  const server = await startBare(new URL("bare-server.mjs", import.meta.url));
  try {
    const findings = await attack(`http://127.0.0.1:${server.port}`, {
      protocol: "socket.io",
      accounts: {
        allowed: { headers: { cookie: "session=ann" } },
        denied: { headers: { cookie: "session=bob" } },
        refused: { headers: { cookie: "session=eve" } },
      },
      actions: { open: { action: "ping" }, guarded: { action: "post" }, slow: { action: "work" } },
      entrances: ["/admin", "/room-1"],
      ...server.told,
      revoke: () => {},
      restore: () => {},
      limits: { handshake: 300, message: 65_536, unread: 2_000, timeout: 2_000 },
    });
    const those = (held: unknown) => findings.filter((finding) => finding.held !== held).map(({ hole }) => hole);
    expect(those(false), describeFindings(findings)).toEqual([]);
    expect(findings).toHaveLength(19);
    expect(await server.ended).toBe(1);
  } finally {
    await server.stop();
  }
}, 120_000);
