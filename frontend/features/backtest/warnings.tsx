"use client";

import { WarningList } from "@/components/warning-list";
import { counted } from "@/lib/format";
import type { RunHead } from "@/lib/types";
import { useOrdersTab } from "./orders";
import { inWords } from "./refusals";

/** What makes a run's curve better than it was, before it is believed. */
export function Warnings({ run }: { run: RunHead }) {
  const [, setTab] = useOrdersTab();
  const seeOrders = () => {
    void setTab("refused");
    // the tables may still be on their way
    const place = document.getElementById("orders-panel") ?? document.getElementById("traded");
    place?.scrollIntoView({ block: "start" });
    requestAnimationFrame(() => document.getElementById("tab-refused")?.focus({ preventScroll: true }));
  };
  const refused = Object.values(run.refused).reduce((sum, orders) => sum + orders, 0);
  return (
    <WarningList warnings={run.warnings.map(inWords)}>
      {refused > 0 && (
        <button type="button" className="link xs" style={{ alignSelf: "flex-start" }} onClick={seeOrders}>
          See the {counted(refused, "order")}
        </button>
      )}
    </WarningList>
  );
}
