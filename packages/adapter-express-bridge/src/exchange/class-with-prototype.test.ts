import { IncomingMessage, ServerResponse } from "node:http";
import express from "express";
import { describe, expect, test, vi } from "vitest";
import { makeWithPrototype } from "./class-with-prototype.js";

const SOCKET = undefined as never;
const prototypeOf = (value: object) => Object.getPrototypeOf(value) as unknown;

describe("an object of Node for an application", () => {
  test("has the prototype of the application, and its own properties", () => {
    const app = express();
    for (let made = 0; made < 2; made++) {
      const request = makeWithPrototype(IncomingMessage, app.request, SOCKET);
      const response = makeWithPrototype(ServerResponse, app.response, request);
      expect([prototypeOf(request), prototypeOf(response)]).toEqual([app.request, app.response]);
      const plain = new IncomingMessage(SOCKET);
      expect(Reflect.ownKeys(request)).toEqual(Reflect.ownKeys(plain));
      expect(Reflect.ownKeys(response)).toEqual(Reflect.ownKeys(new ServerResponse(plain)));
    }
  });

  test("may be of a class that extends the one of Node", () => {
    class Own extends IncomingMessage {
      readonly added = true;
    }
    expect(prototypeOf(makeWithPrototype(IncomingMessage, Own.prototype, SOCKET))).toBe(Own.prototype);
  });

  test("is one of Node alone without an application", () => {
    expect(prototypeOf(makeWithPrototype(IncomingMessage, undefined, SOCKET))).toBe(IncomingMessage.prototype);
  });
});

describe("a prototype is left to the caller that", () => {
  const set = vi.fn();
  test.each([
    ["changes a method of Node", Object.create(IncomingMessage.prototype, { push: { value: set } })],
    ["changes a property of Node", Object.create(IncomingMessage.prototype, { url: { set } })],
    ["does not extend the class", Object.create(null)],
  ])("%s", (_title, prototype) => {
    for (let made = 0; made < 2; made++) {
      const request = makeWithPrototype(IncomingMessage, prototype, SOCKET);
      expect(prototypeOf(request)).toBe(IncomingMessage.prototype);
    }
    expect(set).not.toHaveBeenCalled();
  });

  test("belongs to a class of ES6, which is examined once", () => {
    let made = 0;
    class Counted {
      constructor() {
        made += 1;
      }
    }
    const prototype = Object.create(Counted.prototype);
    for (const count of [2, 3, 4]) {
      makeWithPrototype(Counted, prototype);
      expect(made).toBe(count);
    }
  });

  test("belongs to a class of ES6", () => {
    class Later {}
    const prototype = Object.create(Later.prototype);
    expect(prototypeOf(makeWithPrototype(Later, prototype))).toBe(Later.prototype);
  });
});
