// How figures are printed: the median with its spread, and ratios.

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** `1,234 (1,200 to 1,301, n = 3)` */
export function spread(values: readonly number[], digits = 0): string {
  const show = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: digits });
  return `${show(median(values))} (${show(Math.min(...values))} to ${show(Math.max(...values))}, n = ${values.length})`;
}
