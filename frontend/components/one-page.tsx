import type { UseQueryResult } from "@tanstack/react-query";
import Link from "next/link";
import type { ReactNode } from "react";
import { sentence } from "@/components/data-jobs";
import { DataState, EmptyState } from "@/components/shared/DataState";

/** The page of one thing that its address names; says so where none is named, and where it cannot be read. */
export function OnePage<T>({
  what,
  id,
  query,
  all,
  children,
}: {
  /** "run": as it is called in a sentence, its plural with an s. */
  what: string;
  id: string | null;
  query: UseQueryResult<T>;
  /** The page that lists all of them. */
  all: string;
  /** What is drawn once it is there, its heading with it. */
  children: (found: T) => ReactNode;
}) {
  const way = `See all ${what}s`;
  return (
    <div className="page">
      {(id === null || query.data === undefined) && <h1 className="sr">{sentence(what)}</h1>}
      {id === null ? (
        <section className="card">
          <EmptyState
            title={`No ${what} is named`}
            action={
              <Link className="btn p" href={all}>
                {way}
              </Link>
            }
          >
            The address of this page ends with a {what}’s id.
          </EmptyState>
        </section>
      ) : (
        <DataState
          query={query}
          failed={`The ${what} cannot be read`}
          way={
            <Link className="btn" href={all}>
              {way}
            </Link>
          }
        >
          {children}
        </DataState>
      )}
    </div>
  );
}
