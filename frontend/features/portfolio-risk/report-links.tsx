"use client";

import { Icon } from "@/components/icon";
import { Popover } from "@/components/layers";
import { reportHref, useRiskWindow } from "./window";

const FORMATS = [
  ["pdf", "As PDF"],
  ["xlsx", "As an Excel workbook"],
  ["html", "As a page for a client"],
] as const;

/** The portfolio's report as files, over the window that is chosen on the page. */
export function ReportLinks({ portfolio }: { portfolio: number }) {
  const { window } = useRiskWindow();
  return (
    <Popover
      label="Report"
      trigger={
        <button type="button" className="btn">
          <Icon name="dl" size="s" />
          Report
        </button>
      }
    >
      <div className="stack g1 menu">
        {FORMATS.map(([format, name]) => (
          <a key={format} className="btn q" href={reportHref(portfolio, format, window)} download>
            {name}
          </a>
        ))}
      </div>
    </Popover>
  );
}
