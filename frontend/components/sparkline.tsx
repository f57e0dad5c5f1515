const WIDTH = 84;
const HEIGHT = 20;
const EDGE = 2;

/** A line of closes, blue-teal where the last is above the first, orange where it is below; a word says the same. */
export function Sparkline({ values }: { values: readonly number[] }) {
  const first = values[0];
  const last = values.at(-1);
  if (first === undefined || last === undefined || values.length < 2) return null;
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const x = (index: number) => EDGE + (index / (values.length - 1)) * (WIDTH - 2 * EDGE);
  const y = (value: number) => HEIGHT - EDGE - ((value - low) / span) * (HEIGHT - 2 * EDGE);
  const line = values.map(
    (value, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`,
  );
  const change = 100 * (last / first - 1);
  const way = last > first ? "up" : last < first ? "down" : "unchanged";
  const told = way === "unchanged" ? way : `${way} ${Math.abs(change).toFixed(1)} percent`;
  return (
    <svg
      className={`spark ${last > first ? "up" : last < first ? "dn" : "t2"}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`${values.length} sessions, ${told}`}
    >
      <path d={line.join("")} fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinejoin="round" />
      <circle cx={x(values.length - 1)} cy={y(last)} r="1.6" fill="currentColor" />
    </svg>
  );
}
