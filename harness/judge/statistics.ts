// The little statistics that comparing a system with itself needs: exact, and without assumptions about the shape of latencies.

/** ln(n!) by summing; memoised, since the same few hundreds come again and again. */
const lnFactorials: number[] = [0];
function lnFactorial(n: number): number {
  for (let i = lnFactorials.length; i <= n; i++) lnFactorials.push((lnFactorials[i - 1] ?? 0) + Math.log(i));
  return lnFactorials[n] ?? 0;
}
const lnChoose = (n: number, k: number) => lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k);

/** Beyond as many the counts are scaled down: that only makes the test more careful. */
const MOST = 20_000;

/**
 * Fisher's exact test, one-sided: how probable it is that a share of failures as high as the second one's, or higher, comes by chance
 * where both have the same (R. A. Fisher, 1922). Exact for any counts, few ones as well: 0 of 10 against 4 of 4 gives 0.001.
 */
export function fisher(failedBefore: number, before: number, failedAfter: number, after: number): number {
  const scale = Math.min(1, MOST / Math.max(before, after));
  if (scale < 1) return fisher(Math.round(failedBefore * scale), Math.round(before * scale), Math.round(failedAfter * scale), Math.round(after * scale));
  const [all, failed] = [before + after, failedBefore + failedAfter];
  let p = 0;
  for (let k = failedAfter; k <= Math.min(after, failed); k++) {
    if (failed - k > before) continue;
    p += Math.exp(lnChoose(after, k) + lnChoose(before, failed - k) - lnChoose(all, failed));
  }
  return Math.min(1, p);
}

/** Two ranks, counted from 0, between which a quantile of the population lies. */
export type Ranks = { readonly low: number; readonly high: number };

/**
 * The ranks of the ordered sample between which the quantile `q` lies with 99.9 % of certainty; undefined where the sample is too small to
 * bound it. By the binomial distribution of how many values lie below it, whatever their distribution is
 * (H. A. David and H. N. Nagaraja, Order Statistics, section 7.1).
 */
export function quantileRanks(n: number, q: number, risk = 0.001): Ranks | undefined {
  // Of values below the quantile: P(B <= low) and P(B > high) must not exceed half the risk each.
  let [cumulated, low, high] = [0, -1, -1];
  const [lnQ, lnP] = [Math.log(q), Math.log(1 - q)];
  for (let k = 0; k <= n; k++) {
    cumulated += Math.exp(lnChoose(n, k) + k * lnQ + (n - k) * lnP);
    if (cumulated <= risk / 2) low = k;
    if (high < 0 && cumulated >= 1 - risk / 2) high = k;
  }
  return low < 0 || high < 0 || high >= n ? undefined : { low, high };
}
