import type { RequestHandler } from "express";
import express from "express";
import { describe, expect, test } from "vitest";
import { askAction, handshake, scopeOf, seen } from "../../test/support.js";
import { fromExpress } from "../index.js";

/** The request of a handshake that came over a socket of this kind. */
async function over(socket: object, extra: Record<string, unknown> = {}) {
  const { request } = await seen({}, { scope: scopeOf(Object.assign(handshake(), { socket }), extra) });
  return request;
}

describe("the socket of a request", () => {
  test.each([
    ["127.0.0.1", "IPv4"],
    ["::1", "IPv6"],
  ])("has the address it was reached at: %s", async (localAddress, family) => {
    const { socket } = await over({ localAddress, localPort: 8080, remoteAddress: "192.0.2.7", remoteFamily: "IPv4" });
    expect(socket.address()).toEqual({ address: localAddress, port: 8080, family });
    expect(socket).toMatchObject({ localAddress, localPort: 8080, remoteAddress: "192.0.2.7", remoteFamily: "IPv4" });
  });

  test("has the certificate with those it was issued by", async () => {
    const own = { subject: { CN: "ann" } };
    const chain = { ...own, issuerCertificate: { subject: { CN: "root" } } };
    const { socket } = await over({
      encrypted: true,
      getPeerCertificate: (isDetailed = false) => (isDetailed ? chain : own),
    });
    expect((socket as unknown as { getPeerCertificate(): unknown }).getPeerCertificate()).toEqual(chain);
  });

  test("has an empty certificate where there is none", async () => {
    for (const other of [{}, { encrypted: true }]) {
      const { socket } = await over(other);
      expect((socket as unknown as { getPeerCertificate(): unknown }).getPeerCertificate()).toEqual({});
    }
  });

  test.each([
    [{ encrypted: true }, false, true],
    [{ encrypted: false }, true, false],
    [{}, true, true],
    [{}, false, false],
  ])("of a connection with %j and scope %s is secure: %s", async (socket, secure, isSecure) => {
    expect((await over(socket, { secure })).secure).toBe(isSecure);
  });

  test("returns itself from what sets it up, one after the other", async () => {
    const returned: boolean[] = [];
    const use: RequestHandler = ({ socket }, _response, next) => {
      const all = [socket.setTimeout(1), socket.setNoDelay(), socket.setKeepAlive(), socket.ref(), socket.unref()];
      returned.push(...all.map((one) => one === socket));
      next();
    };
    expect(await askAction(fromExpress(use, { app: express() }))).toMatchObject({ outcome: "allow" });
    expect(returned).toEqual([true, true, true, true, true]);
  });
});
