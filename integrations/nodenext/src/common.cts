// The same package seen from a CommonJS module of a TypeScript project.
import assert = require("node:assert/strict");
import ws = require("@portcullis/adapter-ws");
import core = require("@portcullis/core");
import koa = require("@portcullis/adapter-express-bridge/koa");
import socketio = require("@portcullis/adapter-socketio");

const policy = core.definePolicy({ actions: { ping: core.AllowAny, secret: core.DenyAll } });
assert.throws(() => ws.guard({} as never, policy), core.PermissionMisuse);
assert.throws(() => socketio.guard({} as never, policy), core.PermissionMisuse);
assert.equal(typeof koa.fromKoa, "function");
console.log("typed, from CommonJS: misuse is thrown");
