// Numbers as the tables write them.

export function shortSize(n) {
  for (const [limit, suffix] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (n >= limit) return `${Number((n / limit).toPrecision(4))} ${suffix}`;
  }
  return String(n);
}

export function percent(rate) {
  return (100 * rate).toFixed(1);
}

/** A rate in percent with its interval, if it has one. */
export function rateText({ value, low, high }) {
  return low === null ? `${percent(value)}` : `${percent(value)} (${percent(low)}–${percent(high)})`;
}
