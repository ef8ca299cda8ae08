import type { Policy, Scope } from "@portcullis/core";
import type { WsGuardOptions } from "./options.js";

/** A policy that can be asked where there is that scope. */
export type PolicyFor<S> = Pick<Policy<S>, "~types" | "describe">;

/** What rules need of the scope beyond what every handshake has. */
export type Needed<S> = {
  [K in keyof S as K extends keyof Scope ? ([Scope[K]] extends [S[K]] ? never : K) : K]: S[K];
};

/** What `authenticate` may return where rules need that scope. Nothing stands for `{ user: null }`. */
export type Authenticated<S> = [keyof Needed<S>] extends [never] ? unknown : Needed<S> | NothingFor<Needed<S>>;

type NothingFor<N> = { readonly user: null } extends N ? undefined | null : never;

/** The scope behind an `authenticate` that returns this. */
export type ScopeWith<Extra> = Scope & (unknown extends Extra ? unknown : AddedBy<Extra>);

type AddedBy<Extra> = Extra extends object ? Extra : { readonly user: null };

/** The options behind a policy: `authenticate` is required where the rules need more than every handshake has. */
export type OptionsFor<S, Extra> = [keyof Needed<S>] extends [never]
  ? [options?: WsGuardOptions<Extra>]
  : [options: WsGuardOptions<Extra> & Required<Pick<WsGuardOptions<Extra>, "authenticate">>];
