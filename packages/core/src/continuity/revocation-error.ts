/** Rejects a revocation that acts in this process, and could not be written to the log yet. */
export class RevocationNotDurable extends Error {
  override readonly name = "RevocationNotDurable";

  /**
   * @param id The id of the record. This process appends it again until it succeeds.
   * @param here The number of connections of this process that it has reached.
   * @param cause The error of the log.
   */
  constructor(
    readonly id: string,
    readonly here: number,
    cause: unknown,
  ) {
    super("the revocation acts in this process, and is appended to the log again until it succeeds", { cause });
  }
}
