import { expect, test } from "vitest";
import { AuthBytes } from "./auth-bytes.js";

const auth = (bytes: number) => ({ t: "x".repeat(bytes - 1) });

test("values of `auth` are reserved up to the limit, and not beyond", () => {
  const auths = new AuthBytes();
  expect(auths.reserve(auth(60), 100)).toBe(true);
  expect(auths.reserve(auth(41), 100)).toBe(false);
  expect(auths.reserve(auth(40), 100)).toBe(true);
  expect(auths.reserve(auth(1), 100)).toBe(false);
});

test("an empty `auth` needs no room", () => {
  expect(new AuthBytes().reserve({}, 0)).toBe(true);
});

test("a freed `auth` gives its room back once", () => {
  const auths = new AuthBytes();
  const first = auth(100);
  auths.reserve(first, 100);
  auths.free(first);
  auths.free(first);
  expect(auths.reserve(auth(101), 100)).toBe(false);
  expect(auths.reserve(auth(100), 100)).toBe(true);
});

test("a transferred reservation belongs to the socket alone", () => {
  const auths = new AuthBytes();
  const [first, socket] = [auth(100), {}];
  auths.reserve(first, 100);
  auths.transfer(first, socket);
  auths.free(first);
  expect(auths.reserve(auth(1), 100)).toBe(false);
  auths.free(socket);
  expect(auths.reserve(auth(100), 100)).toBe(true);
});

test("the transfer of nothing keeps the reservation of the socket", () => {
  const auths = new AuthBytes();
  const [first, socket] = [auth(100), {}];
  auths.reserve(first, 100);
  auths.transfer(first, socket);
  auths.transfer(auth(5), socket);
  auths.free(socket);
  expect(auths.reserve(auth(100), 100)).toBe(true);
});
