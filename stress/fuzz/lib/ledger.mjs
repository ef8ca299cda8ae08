// @ts-check

/** Something that must not be. */
export class Finding extends Error {
  /** @param {string} kind What it is an example of. @param {string} detail */
  constructor(kind, detail) {
    super(`${kind}: ${detail}`);
    this.kind = kind;
  }
}

/** Counts the calls of a server's handlers, and records wrong ones. */
export class Ledger {
  calls = 0;
  unauthorised = 0;
  /** @type {{ kind: string, detail: string }[]} */
  findings = [];

  /** @param {string} kind @param {string} detail */
  note(kind, detail) {
    if (this.findings.length < 20) this.findings.push({ kind, detail });
  }

  /**
   * A handler was called.
   *
   * @param {string} outcome What the input means when it is read again.
   * @param {() => string} describe
   */
  heard(outcome, describe) {
    this.calls += 1;
    if (outcome === "allow") return;
    this.unauthorised += 1;
    this.note("unauthorised", `a handler was called though the input is "${outcome}": ${describe()}`);
  }

  /** Hands over what was noted, and begins anew. */
  take() {
    const { calls, unauthorised, findings } = this;
    this.calls = this.unauthorised = 0;
    this.findings = [];
    return { calls, unauthorised, findings };
  }
}
