"use client";

import { parseAsStringLiteral, useQueryState } from "nuqs";
import { useRef, type KeyboardEvent } from "react";
import { useCommands } from "@/lib/commands";
import { count } from "@/lib/format";
import type { RunDetail } from "@/lib/types";
import { DecisionsTable } from "./decisions-table";
import { RefusalsTable } from "./refusals-table";
import { TradesTable } from "./trades-table";

const TABS = ["trades", "refused", "policy"] as const;
type Tab = (typeof TABS)[number];

/** The tab that is open, in the address. */
export const useOrdersTab = () => useQueryState("orders", parseAsStringLiteral(TABS).withDefault("trades"));

/** What became of the run's orders: the trades, what was refused or cut down, and what the policy decided. The tab is in the address. */
export function Orders({ run }: { run: RunDetail }) {
  const [tab, setTab] = useOrdersTab();
  const list = useRef<HTMLDivElement>(null);
  const choose = (next: Tab) => {
    void setTab(next);
    // Each tab draws the row of tabs in its own header, so the focus has to follow to the new one.
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus());
  };
  const turn = (steps: number) =>
    choose(TABS[(TABS.indexOf(tab) + steps + TABS.length) % TABS.length] as Tab);
  useCommands([
    { id: "tab-previous", label: "Previous tab", keys: "[", group: "This page", run: () => turn(-1) },
    { id: "tab-next", label: "Next tab", keys: "]", group: "This page", run: () => turn(1) },
  ]);
  const onKeyDown = (event: KeyboardEvent) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (steps === undefined) return;
    event.preventDefault();
    turn(steps);
  };
  const labels: Record<Tab, { text: string; rows: number }> = {
    trades: { text: "Trades", rows: run.trades.length },
    refused: { text: "Refused and cut orders", rows: run.rejections.length },
    policy: { text: "Policy", rows: run.decisions.length },
  };
  const tabs = (
    <div
      ref={list}
      className="tabs headtabs"
      role="tablist"
      aria-label="Orders of the run"
      onKeyDown={onKeyDown}
    >
      {TABS.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={name === tab}
          aria-controls={name === tab ? "orders-tab-panel" : undefined}
          tabIndex={name === tab ? 0 : -1}
          onClick={() => choose(name)}
        >
          {labels[name].text} <span className="t3 num">{count(labels[name].rows)}</span>
        </button>
      ))}
    </div>
  );
  return (
    <div id="orders-tab-panel">
      {tab === "trades" && <TradesTable run={run} tabs={tabs} />}
      {tab === "refused" && <RefusalsTable run={run} tabs={tabs} />}
      {tab === "policy" && <DecisionsTable run={run} tabs={tabs} />}
    </div>
  );
}
