"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useState, type ReactNode } from "react";
import { DateInput, TextField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Dialog, Popover } from "@/components/layers";
import { Unknown } from "@/components/marks";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { Tabs } from "@/components/tabs";
import { toast } from "@/components/toast";
import { portfolioAPI } from "@/lib/api-client";
import { useCrumbs } from "@/lib/crumbs";
import { counted, date, rupees, signedPercent, signedRupees } from "@/lib/format";
import type { PortfolioDetail } from "@/lib/types";
import { Actions } from "./actions";
import { Holdings } from "./holdings";
import { Ledger } from "./ledger";
import { Performance } from "./performance";
import { portfolioQuery, useChange } from "./queries";
import { Tax } from "./tax";

export interface PortfolioTab {
  value: string;
  label: string;
  panel: (id: number) => ReactNode;
}

const PERFORMANCE = {
  value: "performance",
  label: "Performance",
  panel: (id: number) => <Performance id={id} />,
};
const AFTER: readonly PortfolioTab[] = [
  { value: "tax", label: "Tax", panel: (id) => <Tax id={id} /> },
  { value: "transactions", label: "Transactions", panel: (id) => <Ledger id={id} /> },
];

/** Each tab is a question; `more` are those that another feature answers, and `links` what it adds to the head. */
export function PortfolioPage({
  more = [],
  links,
}: {
  more?: readonly PortfolioTab[];
  links?: (id: number) => ReactNode;
}) {
  const holdings: PortfolioTab = { value: "holdings", label: "Holdings", panel: () => null };
  const tabs = [holdings, PERFORMANCE, ...more, ...AFTER];
  const [{ id, tab, asof }, set] = useQueryStates({
    id: parseAsInteger,
    tab: parseAsStringLiteral(tabs.map((one) => one.value)).withDefault("holdings"),
    asof: parseAsString,
  });
  const query = useQuery({ ...portfolioQuery(id ?? 0, asof), enabled: id !== null });
  useCrumbs([
    { label: "Analyst" },
    { label: "Portfolios", href: "/analyst/" },
    { label: query.data?.name ?? "Portfolio" },
  ]);
  if (id === null)
    return (
      <div className="page">
        <section className="card">
          <EmptyState
            title="No portfolio is chosen"
            icon="pie"
            action={
              <Link className="btn" href="/analyst/">
                See all portfolios
              </Link>
            }
          >
            The address names none.
          </EmptyState>
        </section>
      </div>
    );
  return (
    <div className="page">
      <DataState query={query} failed="The portfolio cannot be read">
        {(portfolio) => (
          <>
            <Head portfolio={portfolio} asof={asof} setAsof={(day) => void set({ asof: day })}>
              {links?.(id)}
            </Head>
            <Figures portfolio={portfolio} />
            {asof === null && <Actions id={id} />}
            <Tabs label="Portfolio" tabs={tabs} value={tab} onChange={(next) => void set({ tab: next })} />
            <div id={`panel-${tab}`} role="tabpanel" aria-labelledby={`tab-${tab}`}>
              {tab === "holdings" ? (
                <Holdings portfolio={portfolio} />
              ) : (
                tabs.find((one) => one.value === tab)?.panel(id)
              )}
            </div>
          </>
        )}
      </DataState>
    </div>
  );
}

function Head({
  portfolio,
  asof,
  setAsof,
  children,
}: {
  portfolio: PortfolioDetail;
  asof: string | null;
  setAsof: (day: string | null) => void;
  children?: ReactNode;
}) {
  const router = useRouter();
  const [more, setMore] = useState(false);
  const act = (then: () => void) => () => {
    setMore(false);
    then();
  };
  const [renaming, setRenaming] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const restore = useChange(portfolioAPI.restoreStockPortfolio);
  const remove = useChange(portfolioAPI.deleteStockPortfolio, {
    done: () => {
      toast({
        title: `${portfolio.name} is deleted`,
        text: "It can be restored for 30 days.",
        action: { label: "Undo", run: () => restore.mutate(portfolio.id) },
      });
      router.push("/analyst/");
    },
  });
  return (
    <div className="page-h wrap">
      <div className="stack g1">
        <h1>{portfolio.name}</h1>
        <p className="t2">
          {portfolio.client ? `${portfolio.client} · ` : ""}
          {portfolio.description ?? counted(portfolio.num_positions, "stock")}
          {portfolio.priced_on && <span className="num"> · prices of {date(portfolio.priced_on, true)}</span>}
        </p>
      </div>
      <div className="row wrap">
        <label className="row" style={{ gap: 6 }}>
          <span className="t2 xs nowrap">As of</span>
          <DateInput
            empty="Latest session"
            width={160}
            value={asof ?? ""}
            onChange={(event) => setAsof(event.target.value || null)}
          />
        </label>
        <Link className="btn" href={`/analyst/import/?id=${portfolio.id}`}>
          Import file
        </Link>
        {children}
        <Popover
          label="More"
          open={more}
          onOpenChange={setMore}
          trigger={
            <button type="button" className="btn i" aria-label="More" title="More">
              <Icon name="down" size="s" />
            </button>
          }
        >
          <div className="stack g1 menu">
            <button type="button" className="btn q" onClick={act(() => setRenaming(true))}>
              Rename
            </button>
            <button type="button" className="btn q" onClick={act(() => setDeleting(true))}>
              Delete
            </button>
          </div>
        </Popover>
      </div>
      {renaming && <Rename portfolio={portfolio} onClose={() => setRenaming(false)} />}
      <Dialog
        open={deleting}
        onClose={() => setDeleting(false)}
        title={`Delete ${portfolio.name}?`}
        footer={
          <>
            <button type="button" className="btn" autoFocus onClick={() => setDeleting(false)}>
              Keep it
            </button>
            <button
              type="button"
              className="btn d"
              disabled={remove.isPending}
              onClick={() => remove.mutate(portfolio.id)}
            >
              Delete portfolio
            </button>
          </>
        }
      >
        <p className="t2">
          {counted(portfolio.num_positions, "stock")} and all transactions leave the list. They can be
          restored for 30 days.
        </p>
      </Dialog>
    </div>
  );
}

function Rename({ portfolio, onClose }: { portfolio: PortfolioDetail; onClose: () => void }) {
  const [name, setName] = useState(portfolio.name);
  const [client, setClient] = useState(portfolio.client ?? "");
  const edit = useChange(
    (body: { version: number; name: string; client: string | null }) =>
      portfolioAPI.editStockPortfolio(portfolio.id, body),
    { done: onClose },
  );
  return (
    <Dialog open onClose={onClose} title="Rename portfolio">
      <form
        className="stack g3"
        onSubmit={(event) => {
          event.preventDefault();
          edit.mutate({ version: portfolio.version, name, client: client.trim() || null });
        }}
      >
        <TextField
          label="Name"
          value={name}
          maxLength={200}
          required
          error={edit.error ? edit.error.message : null}
          onChange={(event) => setName(event.target.value)}
        />
        <TextField
          label="Client"
          value={client}
          maxLength={200}
          onChange={(event) => setClient(event.target.value)}
        />
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <button type="submit" className="btn p" disabled={edit.isPending || name.trim() === ""}>
            Rename
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Figures({ portfolio }: { portfolio: PortfolioDetail }) {
  const figures: { label: string; value: string | null; note?: string | null; change?: boolean }[] = [
    { label: "Value", value: portfolio.market_value, note: `${rupees(Number(portfolio.invested))} invested` },
    {
      label: "Day",
      value: portfolio.day_change,
      change: true,
      note: portfolio.day_change_pct === null ? null : signedPercent(portfolio.day_change_pct),
    },
    {
      label: "Unrealised",
      value: portfolio.unrealised_pnl,
      change: true,
      note: portfolio.unrealised_pnl_pct === null ? null : signedPercent(portfolio.unrealised_pnl_pct),
    },
    { label: "Realised", value: portfolio.realised_pnl, change: true, note: "before charges" },
    { label: "Income", value: portfolio.income, note: "dividends" },
    { label: "Charges", value: portfolio.charges, note: "with the transaction tax" },
  ];
  return (
    <section className="card" aria-label="What it is worth" style={{ marginBottom: 12 }}>
      <div className="figs">
        {figures.map((figure) => (
          <div className="figc" key={figure.label}>
            <span className="lb">{figure.label}</span>
            <span className="v num" style={{ fontSize: 20 }}>
              {figure.value === null ? (
                <Unknown why="No holding has a price" />
              ) : figure.change ? (
                signedRupees(Number(figure.value), Math.abs(Number(figure.value)) < 1e5 ? 2 : 0)
              ) : (
                rupees(Number(figure.value))
              )}
            </span>
            <div className="ivl num">{figure.note ?? ""}</div>
          </div>
        ))}
      </div>
      {portfolio.unpriced > 0 && (
        <div className="card-f">
          {counted(portfolio.unpriced, "stock")} without any price: in what was invested, not in the value.
        </div>
      )}
    </section>
  );
}
