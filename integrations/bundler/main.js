// A page that asks the rules of its server before it shows a button.
import { definePolicy, IsAuthenticated } from "@portcullis/core";
import { explain } from "@portcullis/core/explain";

const policy = definePolicy({ actions: { "chat.send": IsAuthenticated } });
const consumer = { id: "page", transport: "none", raw: undefined, close() {} };

export const isShown = (user) => policy.decide({ user }, consumer, "chat.send", {}).outcome === "allow";
export const why = async (user) => String(await explain(policy, { user }, consumer, "chat.send"));
