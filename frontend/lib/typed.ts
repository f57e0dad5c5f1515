/** What people type into fields, read. */

/** "10,00,000" → 1000000; null when it is not a plain number. */
export function parseNumber(text: string): number | null {
  const plain = text.replaceAll(/[,\s₹]/g, "").replace("\u2212", "-");
  if (!/^-?(\d+\.?\d*|\.\d+)$/.test(plain)) return null;
  return Number(plain);
}

/** "tcs, INFY;tcs" → TCS and INFY. */
export function parseSymbols(text: string): string[] {
  return [
    ...new Set(
      text
        .toUpperCase()
        .split(/[\s,;]+/)
        .filter(Boolean),
    ),
  ];
}
