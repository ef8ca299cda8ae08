/**
 * True when a name is another one with a slip: other case, underscores, a plural, or one letter too many, too few, wrong,
 * or swapped with the next. A longer name that begins with the other is a name of its own.
 */
export function isMisspelling(name: string, meant: string): boolean {
  if (name === meant) return false;
  const [written, right] = [plain(name), plain(meant)];
  if (written === right || written === `${right}s`) return true;
  return !written.startsWith(right) && isOneSlipApart(written, right);
}

function plain(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

function isOneSlipApart(one: string, other: string): boolean {
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  const [a, b] = [one.slice(start), other.slice(start)];
  const isSwapped = a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2);
  return isSwapped || a.slice(1) === b || a === b.slice(1) || a.slice(1) === b.slice(1);
}
