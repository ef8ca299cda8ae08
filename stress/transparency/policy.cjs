// @ts-check
// The policy of the guarded runs: allows everything, at once or one turn of the event loop later.
"use strict";
const { setImmediate } = require("node:timers/promises");
const { AllowAny, definePolicy, permission } = require("@portcullis/core");

const later = permission("later", async () => {
  await setImmediate();
  return true;
});

exports.policy = definePolicy({ permissions: process.env.TRANSPARENCY_RULE === "later" ? later : AllowAny });
