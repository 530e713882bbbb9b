// Exact sums of decimals, however many digits they have.

/** Whole numbers of units of 10^-scale, one for each text. */
export type Units = { readonly units: readonly bigint[]; readonly scale: number };

/** Takes canonical numbers (values.ts). Undefined when one is none: NaN and infinities have no units. */
export function unitsOf(texts: readonly string[]): Units | undefined {
  const scale = texts.reduce((most, text) => Math.max(most, decimalsOf(text)), 0);
  const units: bigint[] = [];
  for (const text of texts) {
    const [, sign, whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
    if (sign === undefined) return undefined;
    const positive = BigInt(whole + fraction.padEnd(scale, "0"));
    units.push(sign === "-" ? -positive : positive);
  }
  return { units, scale };
}

export const decimalsOf = (text: string) => (text.includes(".") ? text.length - text.indexOf(".") - 1 : 0);

/** The canonical number of so many units. */
export function numberOf(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const at = digits.length - scale;
  const fraction = digits.slice(at).replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${digits.slice(0, at)}${fraction === "" ? "" : `.${fraction}`}`;
}

/** The sum of two canonical numbers, also of those that are not finite. */
export function plus(a: string, b: string): string {
  const both = unitsOf([a, b]);
  return both ? numberOf((both.units[0] ?? 0n) + (both.units[1] ?? 0n), both.scale) : String(Number(a) + Number(b));
}

/** Whether some of these changes sum to the total; undefined when there are too many sums to tell. */
export function canSumTo(changes: readonly bigint[], total: bigint): boolean | undefined {
  let sums = new Set([0n]);
  for (const change of changes) {
    sums = new Set([...sums, ...[...sums].map((sum) => sum + change)]);
    if (sums.size > 100_000) return undefined;
  }
  return sums.has(total);
}
