const ENOUGH = 0.1;

/** The shares of the stocks of which it can be told, by day; of a few of them they would not be those of the market. */
export const shares = (
  holds: readonly number[],
  known: readonly number[],
  stocks: readonly number[],
): (number | null)[] =>
  holds.map((value, at) => {
    const told = known[at] ?? 0;
    return told > 0 && told >= ENOUGH * (stocks[at] ?? 0) ? value / told : null;
  });
