import { readFileSync } from "node:fs";
import { type Answer, abstain, deny, fault, type PermissionLike } from "@portcullis/core";
import type { Spec } from "./naive.js";
import { build } from "./trees.js";

/** A file of the truth tables in `cases/`. */
export function casesOf<T>(name: string): T[] {
  const url = new URL(`../../testing/cases/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, "utf8")) as { cases: T[] }).cases;
}

/** The answer of a leaf in a truth table. */
export type Told =
  | "allow"
  | "deny"
  | "abstain"
  | "throw"
  | "fault"
  | { readonly deny: string; readonly status?: number }
  | { readonly fault: string; readonly status?: number };

/** Answers as the truth table requires. */
export function tell(told: Told): Answer {
  if (typeof told === "object") {
    const options = told.status === undefined ? {} : { status: told.status };
    return "deny" in told ? deny(told.deny, options) : fault(told.fault, options);
  }
  if (told === "throw") throw new Error("could not be asked");
  return { allow: () => true, deny: () => false, abstain, fault: () => fault("broken") }[told]();
}

/** A tree of a truth table. It may contain lists. */
export type Written =
  | string
  | readonly Written[]
  | { and: readonly Written[] }
  | { or: readonly Written[] }
  | { not: Written };

/** The permission for a tree of a truth table. A list stays a list. */
export function buildWritten(tree: Written, leaf: (name: string) => PermissionLike): PermissionLike {
  if (Array.isArray(tree)) return tree.map((one) => buildWritten(one, leaf)) as unknown as PermissionLike;
  return build(tree as Spec, leaf);
}

/** The names of its leaves. */
export function leavesOfWritten(tree: Written): string[] {
  if (typeof tree === "string") return [tree];
  const operands = Array.isArray(tree) ? tree : (Object.values(tree).flat() as Written[]);
  return operands.flatMap(leavesOfWritten);
}
