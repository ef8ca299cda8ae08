import { expect, it } from "vitest";
import { built, everyChoice, reference, Tally, tableOf } from "./every.js";
import { ABSTAIN, classRule, DENY, FAULT, functionRule, NO, THROW, YES } from "./probes.js";
import { everyTree } from "./trees.js";
const cpu = () => process.cpuUsage().user;
it("x", {timeout: 1e6}, async () => {
    const trees = everyTree(4).slice(0, 1200);
    for (const error of [THROW, FAULT]) {
    const choices = everyChoice([YES, NO, ABSTAIN, error], 4);
    const N = trees.length * 256;
    const all = new Map<any, any>();
    let t = cpu();
    for (const spec of trees) { const says = reference(spec, "action"); const l: any[] = []; for (const c of choices) l.push(says(c)); all.set(spec, l);}
    console.log("reference", (cpu() - t) / N);
    for (const m of ["action","connect","object"] as const) {
      const tally = new Tally();
      t = cpu();
      const bs = trees.map(spec => built(spec, m, classRule));
      console.log(m, "build", (cpu() - t) / N);
      t = cpu();
      for (const [i, spec] of trees.entries()) { const l = all.get(spec); for (const e of l) tableOf(bs[i].leaves, e.ways); }
      console.log(m, "table", (cpu() - t) / N);
      t = cpu();
      for (const [i, spec] of trees.entries()) { const l = all.get(spec); for (const e of l) { bs[i].ask(tableOf(bs[i].leaves, e.ways)) } }
      console.log(m, "ask", (cpu() - t) / N);
      t = cpu();
      for (const [i, spec] of trees.entries()) { const l = all.get(spec); for (const e of l) tally.check(bs[i], e); }
      console.log(m, "check", (cpu() - t) / N);
    }}
});
