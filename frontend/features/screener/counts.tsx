import Link from "next/link";
import { Stamp } from "@/components/marks";
import { count, date } from "@/lib/format";
import type { ScreenerMeta } from "@/lib/types";

/** How many of how many, how quickly, what is left out, and as of when. */
export function Counts({ meta, old }: { meta: ScreenerMeta | undefined; old: boolean }) {
  if (!meta) return <span className="t3">Reading</span>;
  const universe = meta.universe.shown;
  return (
    <>
      <span className={`md ${old ? "dim" : ""}`} role="status">
        <b className="sb num">{count(meta.total)}</b>{" "}
        <span className="t2">
          {universe > meta.total ? (
            <>
              of <span className="num">{count(universe)}</span>
            </>
          ) : (
            "stocks"
          )}
        </span>
      </span>
      <span className="t3 xs num no-phone">
        {meta.milliseconds < 1 ? "under 1 ms" : `${Math.round(meta.milliseconds)} ms`}
      </span>
      {meta.quarantined.length > 0 && (
        <Link
          href="/data#quarantine"
          className="wn xs num"
          title={`A move that nothing explains keeps them out until somebody decides: ${named(meta.quarantined)}`}
        >
          {count(meta.quarantined.length)} held back
        </Link>
      )}
      <Stamp
        asof={meta.asof}
        pointInTime={meta.point_in_time}
        snapshot={meta.snapshot}
        why={meta.point_in_time_note ?? undefined}
      />
    </>
  );
}

const NAMED = 12;

function named(held: ScreenerMeta["quarantined"]): string {
  const first = held.slice(0, NAMED).map((stock) => `${stock.symbol} since ${date(stock.since)}`);
  return first.join(", ") + (held.length > NAMED ? ` and ${count(held.length - NAMED)} more` : "");
}
