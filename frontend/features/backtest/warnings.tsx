"use client";

import { useState } from "react";
import { Icon } from "@/components/icon";
import { count, counted } from "@/lib/format";
import type { RunHead } from "@/lib/types";
import { useOrdersTab } from "./orders";
import { inWords } from "./refusals";

const WARNINGS_SHOWN = 6;

/** What makes the curve better than it was, before it is believed. */
export function Warnings({ run }: { run: RunHead }) {
  const [all, setAll] = useState(false);
  const [, setTab] = useOrdersTab();
  const seeOrders = () => {
    void setTab("refused");
    // the tables may still be on their way
    const place = document.getElementById("orders-panel") ?? document.getElementById("traded");
    place?.scrollIntoView({ block: "start" });
  };
  const refused = Object.values(run.refused).reduce((sum, orders) => sum + orders, 0);
  const shown = all ? run.warnings : run.warnings.slice(0, WARNINGS_SHOWN);
  return (
    <div className="callout wn wn" style={{ marginTop: 12 }} role="note">
      <Icon name="warn" size="s" />
      <div className="stack g1">
        <b className="b">{counted(run.warnings.length, "warning")} before the curve is believed</b>
        <ul className="stack g1">
          {shown.map((warning) => (
            <li key={warning}>{inWords(warning)}</li>
          ))}
        </ul>
        {refused > 0 && (
          <button type="button" className="link xs" style={{ alignSelf: "flex-start" }} onClick={seeOrders}>
            See the {counted(refused, "order")}
          </button>
        )}
        {run.warnings.length > WARNINGS_SHOWN && (
          <button
            type="button"
            className="link xs"
            style={{ alignSelf: "flex-start" }}
            onClick={() => setAll(!all)}
          >
            {all ? "Fewer" : `${count(run.warnings.length - WARNINGS_SHOWN)} more`}
          </button>
        )}
      </div>
    </div>
  );
}
