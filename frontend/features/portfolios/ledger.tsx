"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsInteger, useQueryState } from "nuqs";
import { useState } from "react";
import { Icon } from "@/components/icon";
import { Dialog } from "@/components/layers";
import { Pager } from "@/components/pager";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { toast } from "@/components/toast";
import { portfolioAPI } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { count, date, grouped } from "@/lib/format";
import type { LedgerKind, LedgerLine, LedgerLineIn } from "@/lib/types";
import { EMPTY, LineForm, typedOf } from "./line-form";
import { isStale, ledgerQuery, portfolioQuery, useChange, useReadAgain } from "./queries";
import { KINDS, Sum } from "./words";

export function Ledger({ id }: { id: number }) {
  const [page, setPage] = useQueryState("page", parseAsInteger.withDefault(1));
  const query = useQuery(ledgerQuery(id, page));
  const portfolio = useQuery(portfolioQuery(id, null));
  const [editing, setEditing] = useState<LedgerLine | null>(null);
  const [removing, setRemoving] = useState<LedgerLine | null>(null);
  const undo = useChange((line: number) => portfolioAPI.undoActions(id, [line]), {
    done: () => toast({ title: "The action waits again" }),
  });
  // of the lines as they are shown: a change by somebody else in between is refused and told
  const version = portfolio.data?.version ?? 0;
  return (
    <div className="stack g3" style={{ marginTop: 12 }}>
      <NewLine id={id} />
      <section className="card" aria-label="Transactions">
        <DataState
          query={query}
          failed="The transactions cannot be read"
          isEmpty={(data) => data.meta.total === 0}
          empty={
            <EmptyState title="No transaction yet">
              Enter the first above, or import a broker&apos;s file.
            </EmptyState>
          }
        >
          {(data) => (
            <>
              <div className="tw-wrap" role="region" aria-label="Transactions, scrolls" tabIndex={0}>
                <table className="t num">
                  <thead>
                    <tr>
                      <th scope="col">Date</th>
                      <th scope="col">Kind</th>
                      <th scope="col">Stock</th>
                      <th scope="col" className="r">
                        Shares
                      </th>
                      <th scope="col" className="r">
                        Price <span className="u">₹</span>
                      </th>
                      <th scope="col" className="r">
                        Value <span className="u">₹</span>
                      </th>
                      <th scope="col" className="r">
                        Charges <span className="u">₹</span>
                      </th>
                      <th scope="col">Account</th>
                      <th scope="col">From</th>
                      <th scope="col">
                        <span className="sr">What to do</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.data.map((line) => (
                      <tr key={line.id}>
                        <td>{date(line.date)}</td>
                        <td>{KINDS[line.kind]}</td>
                        <td>
                          <span className="sym">{line.symbol ?? ""}</span>
                          {detail(line) && <span className="t3"> {detail(line)}</span>}
                        </td>
                        <td className="r">{line.quantity === null ? "" : count(line.quantity)}</td>
                        <td className="r">{line.price === null ? "" : grouped(Number(line.price), 2)}</td>
                        <td className="r">{line.value === null ? "" : <Sum value={line.value} />}</td>
                        <td className="r">{grouped(Number(line.charges) + Number(line.stt), 2)}</td>
                        <td className="t2">{line.account}</td>
                        <td className="t3">{line.source}</td>
                        <td className="r">
                          {line.source === "action" ? (
                            <button
                              type="button"
                              className="btn q sm"
                              aria-label={`Undo ${named(line)}`}
                              disabled={undo.isPending}
                              onClick={() => undo.mutate(line.id)}
                            >
                              Undo
                            </button>
                          ) : (
                            <span className="row" style={{ gap: 2, justifyContent: "flex-end" }}>
                              <button
                                type="button"
                                className="btn q sm"
                                aria-label={`Edit ${named(line)}`}
                                onClick={() => setEditing(line)}
                              >
                                Edit
                              </button>
                              <button
                                type="button"
                                className="btn q i sm"
                                aria-label={`Take out ${named(line)}`}
                                title="Take out"
                                onClick={() => setRemoving(line)}
                              >
                                <Icon name="x" size="xs" />
                              </button>
                            </span>
                          )}
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <Pager page={page} pages={data.meta.total_pages} onPage={(to) => void setPage(to)} />
            </>
          )}
        </DataState>
      </section>
      {editing && <EditLine id={id} line={editing} version={version} onClose={() => setEditing(null)} />}
      {removing && <RemoveLine id={id} line={removing} version={version} onClose={() => setRemoving(null)} />}
    </div>
  );
}

const named = (line: LedgerLine): string =>
  `${KINDS[line.kind]} of ${line.quantity === null ? "" : `${count(line.quantity)} `}${line.symbol ?? "money"} on ${date(line.date)}`;

function detail(line: LedgerLine): string {
  if (line.ratio) return `${line.ratio}${line.target_symbol ? ` of ${line.target_symbol}` : ""}`;
  if (line.kind === "OPENING") return line.acquired ? "" : "bought on an unknown day";
  return "";
}

function NewLine({ id }: { id: number }) {
  const [kind, setKind] = useState<LedgerKind>("BUY");
  const [typed, setTyped] = useState(EMPTY);
  const add = useChange((line: LedgerLineIn) => portfolioAPI.addTransactions(id, [line]), {
    quiet: true,
    done: () => {
      toast({ title: "The transaction is entered" });
      setTyped({ ...EMPTY, date: typed.date, account: typed.account });
    },
  });
  return (
    <section className="card" aria-label="New transaction">
      <LineForm
        kind={kind}
        setKind={(next) => {
          setKind(next);
          add.reset();
        }}
        typed={typed}
        setTyped={setTyped}
        refused={add.error}
        told="The whole ledger is checked: a sale of more than was held on its day is refused."
        submit={
          <button type="submit" className="btn" disabled={add.isPending}>
            Enter transaction
          </button>
        }
        onSubmit={(line) => add.mutate(line)}
      />
    </section>
  );
}

interface OnLine {
  id: number;
  line: LedgerLine;
  /** Of the portfolio as it was read last. What was shown when the dialog opened is what is changed, until it is read again. */
  version: number;
  onClose: () => void;
}

function EditLine({ id, line, version, onClose }: OnLine) {
  const [kind, setKind] = useState(line.kind);
  const [typed, setTyped] = useState(() => typedOf(line));
  const [seen, setSeen] = useState<number | null>(version);
  const change = useChange(
    (changed: LedgerLineIn) => portfolioAPI.changeTransaction(id, line.id, changed, seen ?? version),
    {
      quiet: true,
      done: () => {
        toast({ title: "The transaction is changed" });
        onClose();
      },
    },
  );
  return (
    <Dialog open wide onClose={onClose} title={`Change ${named(line)}`}>
      <LineForm
        kind={kind}
        setKind={setKind}
        typed={typed}
        setTyped={setTyped}
        refused={isStale(change.error) ? null : change.error}
        told={
          isStale(change.error) ? (
            <Stale
              error={change.error}
              reset={() => {
                setSeen(null);
                change.reset();
              }}
            />
          ) : (
            "Every day after it is checked again."
          )
        }
        submit={
          <button type="submit" className="btn p" disabled={change.isPending || isStale(change.error)}>
            Save transaction
          </button>
        }
        onSubmit={(changed) => change.mutate({ ...changed, note: line.note })}
      />
    </Dialog>
  );
}

function RemoveLine({ id, line, version, onClose }: OnLine) {
  const [seen, setSeen] = useState<number | null>(version);
  const remove = useChange(() => portfolioAPI.removeTransaction(id, line.id, seen ?? version), {
    quiet: true,
    done: () => {
      toast({ title: "The transaction is taken out" });
      onClose();
    },
  });
  const stale = isStale(remove.error);
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Take out ${named(line)}?`}
      footer={
        <>
          <button type="button" className="btn" autoFocus onClick={onClose}>
            Keep it
          </button>
          <button
            type="button"
            className="btn d"
            disabled={remove.isPending || stale}
            onClick={() => remove.mutate(undefined)}
          >
            Take out
          </button>
        </>
      }
    >
      {stale ? (
        <Stale
          error={remove.error}
          reset={() => {
            setSeen(null);
            remove.reset();
          }}
        />
      ) : remove.error ? (
        <p className="er" role="alert">
          {getErrorMessage(remove.error)}
        </p>
      ) : (
        <p className="t2">
          It leaves the ledger for good; what stands after it must still hold.
          {line.external_id && " Importing its file again would enter it again."}
        </p>
      )}
    </Dialog>
  );
}

/** Somebody else's change came first: what was typed stays, and is decided about anew once the newest is read. */
function Stale({ error, reset }: { error: unknown; reset: () => void }) {
  const readAgain = useReadAgain();
  return (
    <span role="alert" className="row wrap" style={{ gap: 10 }}>
      <span className="er">{getErrorMessage(error)}.</span>
      <button type="button" className="btn sm" onClick={() => void readAgain().then(reset)}>
        Read it again
      </button>
    </span>
  );
}
