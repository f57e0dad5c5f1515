/** Where a value lies between a low and a high, as a tick on a bar. */
export function RangeBar({ low, high, value }: { low: number; high: number; value: number }) {
  const share = high > low ? Math.max(0, Math.min(1, (value - low) / (high - low))) : 0.5;
  return (
    <span className="rng" title={`${Math.round(share * 100)}% of the range`}>
      <i style={{ left: `${share * 100}%` }} />
    </span>
  );
}
