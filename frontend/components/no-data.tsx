import Link from "next/link";
import { EmptyState } from "@/components/shared/DataState";

/** Where there is nothing to compute on yet: the one step on. */
export function NoData() {
  return (
    <section className="card" style={{ marginBottom: 12 }} aria-label="No data">
      <EmptyState
        title="No data yet"
        icon="data"
        action={
          <Link className="btn p" href="/">
            Start with data
          </Link>
        }
      >
        Import the exchange’s files, or open the sample market.
      </EmptyState>
    </section>
  );
}
