// Declarations that core uses in every runtime (browser, worker, Node, Bun, Deno). Not published, because core's own
// build sees neither Node's types nor the DOM's, and users of core have these names from one of the two. Declare only
// members that are the same in all runtimes.

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: any;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

interface AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare var AbortController: { new (): AbortController };

/** A number in a browser, an object elsewhere: `ref` and `unref` may be missing. */
declare function setTimeout(callback: () => void, milliseconds?: number): { ref?(): unknown; unref?(): unknown };
declare function clearTimeout(timer: ReturnType<typeof setTimeout> | undefined): void;
declare function queueMicrotask(callback: () => void): void;

declare var crypto: {
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
  getRandomValues<T extends Uint8Array>(array: T): T;
};

declare var URL: { new (url: string, base?: string): { readonly origin: string; readonly pathname: string } };

declare var URLSearchParams: { new (query: string): Iterable<[name: string, value: string]> };

declare var TextDecoder: {
  new (encoding: string, options: { fatal: boolean; ignoreBOM: boolean }): { decode(bytes: Uint8Array): string };
};

declare var performance: { now(): number };

declare var console: { error(...values: unknown[]): void; warn(...values: unknown[]): void };

declare var TextEncoder: {
  new (): { encode(text: string): Uint8Array; encodeInto(text: string, target: Uint8Array): { read: number } };
};
