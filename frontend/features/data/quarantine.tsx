"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { TextField } from "@/components/fields";
import { Dialog } from "@/components/layers";
import { Badge, Unknown } from "@/components/marks";
import { Pager } from "@/components/pager";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { toast } from "@/components/toast";
import { dataAPI, unwrap } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { count, date, ratio, signedPercent } from "@/lib/format";
import type { ActionDecision, QuarantinedAction } from "@/lib/types";
import { EnterAction } from "./enter-action";
import { decisionsQuery, quarantineQuery } from "./queries";

const DONE = { ACCEPT: "Accepted", CORRECT: "Corrected", DISMISS: "Dismissed" } as const;

interface Asked {
  entry: QuarantinedAction;
  decision: ActionDecision["decision"];
  factor?: number;
  reason?: string;
}

/** Moves that nothing explains: each is accepted, corrected or dismissed, and every decision can be undone. */
export function Quarantine() {
  const [page, setPage] = useState(1);
  const query = useQuery(quarantineQuery(page));
  const pages = query.data?.meta.total_pages ?? 1;
  // the last entry of the last page was decided on: the page before it is the last one now
  if (!query.isPlaceholderData && page > Math.max(1, pages)) setPage(Math.max(1, pages));
  const decisions = useQuery(decisionsQuery);
  const client = useQueryClient();
  const [entering, setEntering] = useState(false);
  const [correcting, setCorrecting] = useState<QuarantinedAction | null>(null);
  const renew = () => void client.invalidateQueries({ queryKey: ["data"] });
  const undo = useMutation({
    mutationFn: (id: number) => unwrap(dataAPI.undoDecision(id)),
    onSuccess: (made) => {
      toast({ title: `The decision on ${made.symbol} is undone` });
      renew();
    },
    onError: (error) =>
      toast({ tone: "er", title: "The decision was not undone", text: getErrorMessage(error) }),
  });
  const decide = useMutation({
    mutationFn: ({ entry, decision, factor, reason }: Asked) =>
      unwrap(
        dataAPI.decide({
          instrument_key: entry.instrument_key,
          session: entry.session,
          decision,
          ...(factor !== undefined && { factor }),
          ...(reason && { reason }),
        }),
      ),
    onSuccess: (made) => {
      setCorrecting(null);
      toast({
        title: `${DONE[made.decision]}: ${made.symbol}, ${date(made.session)}`,
        action: { label: "Undo", run: () => undo.mutate(made.id) },
      });
      renew();
    },
  });
  const standing = decisions.data?.data.filter((made) => made.undone_at === null) ?? [];
  return (
    <section id="quarantine" className="card" style={{ marginTop: 12 }} aria-label="Quarantine">
      <div className="card-h">
        <h2>Quarantine</h2>
        {query.data && <span className="t3 num">{count(query.data.meta.total)}</span>}
        <span className="t3 xs sp no-phone">moves of a price that nothing explains</span>
        <button type="button" className="btn sm" onClick={() => setEntering(true)}>
          Enter an action…
        </button>
      </div>
      {decide.error && (
        <p className="card-b er xs" role="alert">
          {getErrorMessage(decide.error)}
        </p>
      )}
      <DataState
        query={query}
        failed="The quarantine cannot be read"
        isEmpty={(data) => data.data.length === 0}
        empty={
          <EmptyState title="Nothing is in quarantine" icon="check">
            Every large move is explained, accepted or dismissed.
          </EmptyState>
        }
      >
        {(data) => (
          <>
            <div className="tw-wrap" role="region" aria-label="Quarantined moves, scrolls" tabIndex={0}>
              <table className="t">
                <thead>
                  <tr>
                    <th className="pin edge">Stock</th>
                    <th className="r">Session</th>
                    <th className="r">Close before ₹</th>
                    <th className="r">Open ₹</th>
                    <th className="r">Close ₹</th>
                    <th className="r">Move</th>
                    <th className="r">Proposed factor</th>
                    <th>Decision</th>
                  </tr>
                </thead>
                <tbody>
                  {data.data.map((entry) => (
                    <tr key={`${entry.instrument_key}${entry.session}`}>
                      <td className="pin edge">
                        <a href={`/stock/?symbol=${encodeURIComponent(entry.symbol)}`}>{entry.symbol_then}</a>
                      </td>
                      <td className="r">{date(entry.session)}</td>
                      <td className="r">{price(entry.previous_close)}</td>
                      <td className="r">{price(entry.open)}</td>
                      <td className="r">{price(entry.close)}</td>
                      <td className="r">
                        {entry.ratio === null ? (
                          <Unknown why="There is no close before" />
                        ) : (
                          signedPercent((entry.ratio - 1) * 100, 1)
                        )}
                      </td>
                      <td className="r">
                        {entry.proposed_factor === null ? (
                          <Unknown why="No factor is near what happened" />
                        ) : (
                          ratio(entry.proposed_factor, 4)
                        )}
                      </td>
                      <td>
                        <span className="row" style={{ gap: 6 }}>
                          <button
                            type="button"
                            className="btn sm"
                            disabled={entry.proposed_factor === null || decide.isPending}
                            aria-label={`Accept ${entry.proposed_factor === null ? "nothing proposed" : `factor ${entry.proposed_factor}`} for ${entry.symbol_then}`}
                            onClick={() =>
                              decide.mutate({
                                entry,
                                decision: "ACCEPT",
                                ...(entry.proposed_factor !== null && { factor: entry.proposed_factor }),
                              })
                            }
                          >
                            Accept
                          </button>
                          <button
                            type="button"
                            className="btn sm"
                            disabled={decide.isPending}
                            aria-label={`Correct ${entry.symbol_then}`}
                            onClick={() => {
                              decide.reset();
                              setCorrecting(entry);
                            }}
                          >
                            Correct…
                          </button>
                          <button
                            type="button"
                            className="btn sm"
                            disabled={decide.isPending}
                            aria-label={`Dismiss ${entry.symbol_then}`}
                            onClick={() => decide.mutate({ entry, decision: "DISMISS" })}
                          >
                            Dismiss
                          </button>
                        </span>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            <Pager page={page} pages={data.meta.total_pages} onPage={setPage} />
          </>
        )}
      </DataState>
      {standing.length > 0 && (
        <>
          <h3 className="card-b t3 xs">Decided</h3>
          <ul className="rowlist" aria-label="Decisions that stand">
            {standing.map((made) => (
              <li key={made.id} className="row between wrap">
                <span>
                  <Badge small>{DONE[made.decision]}</Badge> {made.symbol}, {date(made.session)}
                  {made.factor !== null && <span className="num t2"> · factor {ratio(made.factor, 4)}</span>}
                  {made.reason && <span className="t3"> · {made.reason}</span>}
                </span>
                <button
                  type="button"
                  className="btn sm"
                  disabled={undo.isPending}
                  aria-label={`Undo the decision on ${made.symbol}, ${date(made.session)}`}
                  onClick={() => undo.mutate(made.id)}
                >
                  Undo
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      {entering && <EnterAction onClose={() => setEntering(false)} onUndo={(made) => undo.mutate(made.id)} />}
      {correcting && (
        <Correct
          entry={correcting}
          pending={decide.isPending}
          failed={decide.error ? getErrorMessage(decide.error) : null}
          onClose={() => setCorrecting(null)}
          onDecide={(factor, reason) =>
            decide.mutate({ entry: correcting, decision: "CORRECT", factor, reason })
          }
        />
      )}
    </section>
  );
}

const price = (value: number | null) =>
  value === null ? <Unknown why="The file gives none" /> : <>{ratio(value)}</>;

function Correct({
  entry,
  pending,
  failed,
  onClose,
  onDecide,
}: {
  entry: QuarantinedAction;
  pending: boolean;
  failed: string | null;
  onClose: () => void;
  onDecide: (factor: number, reason: string) => void;
}) {
  const [factor, setFactor] = useState(entry.proposed_factor === null ? "" : String(entry.proposed_factor));
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <Dialog open onClose={onClose} title={`Which factor for ${entry.symbol_then}?`}>
      <form
        className="stack g3"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const value = Number(factor);
          if (!(value > 0) || !Number.isFinite(value))
            setProblem("A number above 0, such as 2 for a split in two");
          else onDecide(value, reason.trim());
        }}
      >
        <p className="t2">
          New shares for one old share from {date(entry.session)} on. Screens and runs follow at once; it can
          be undone.
        </p>
        <TextField
          label="Factor"
          inputMode="decimal"
          value={factor}
          error={problem ?? failed}
          onChange={(event) => setFactor(event.target.value)}
        />
        <TextField
          label="Reason"
          hint="Kept with the decision"
          value={reason}
          maxLength={2000}
          onChange={(event) => setReason(event.target.value)}
        />
        <div className="row">
          <button type="submit" className="btn p" disabled={pending}>
            Correct the factor
          </button>
          <button type="button" className="btn" onClick={onClose}>
            Leave it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
