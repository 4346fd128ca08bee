/** With a share p of bad rows, n random rows are all good with (1 - p)^n; below 5 % that is ruled out. */
export function confidenceOf(rows: number): string {
  const percent = 100 * (1 - 0.05 ** (1 / rows));
  return `a sample: with 95 % confidence, fewer than ${percent.toPrecision(2)} % of all rows have a fault`;
}
