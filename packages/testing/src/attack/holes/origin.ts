import { cannot, holds, isOpen } from "../findings.js";
import type { Hole } from "../hole.js";

const ATTACKER = "https://attacker.example";

/** CVE-2026-41700 (Spring for GraphQL), CVE-2025-24010 (vite), GHSA-f53g-frr2-jhpf (Gitpod). */
export const crossSiteOrigin: Hole = {
  name: "cross-site-origin",
  title: "a page of another site opens a connection in the name of its visitor",
  async play(target) {
    if (target.options.origin === "any") return cannot("the options say that pages of all sites are wanted");
    const origins = [ATTACKER, "null", `${target.origin}.attacker.example`];
    for (const origin of origins) {
      const client = await target.enter(target.allowed, { origin });
      if (client.isIn) return isOpen(`with the Origin ${origin} a client got in and was answered`);
    }
    return holds(`refused with the Origins ${origins.join(", ")}`);
  },
};

/** A browser may omit the Origin, and still send cookies. */
export const cookiesWithoutOrigin: Hole = {
  name: "cookies-without-origin",
  title: "cookies alone open a connection, without an Origin",
  async play(target) {
    if (target.options.withoutOrigin === "accepted")
      return cannot("the options say that clients without Origin are wanted");
    if (!target.hasCookie) return cannot("the allowed account is not known by a cookie");
    const client = await target.enter(target.allowed, { origin: null });
    if (client.isIn) return isOpen("with the cookie and without an Origin a client got in and was answered");
    return holds(client.ending);
  },
};
