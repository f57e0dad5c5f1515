"use client";

import { Icon } from "@/components/icon";
import { reportHref, useRiskWindow } from "./window";

const FORMATS = [
  ["pdf", "PDF"],
  ["xlsx", "Excel"],
  ["html", "page"],
] as const;

/** The portfolio's report as files, over the window that is chosen on the page. */
export function ReportLinks({ portfolio }: { portfolio: number }) {
  const { window } = useRiskWindow();
  return (
    <>
      {FORMATS.map(([format, name]) => (
        <a key={format} className="btn" href={reportHref(portfolio, format, window)} download>
          <Icon name="dl" size="s" />
          Report, {name}
        </a>
      ))}
    </>
  );
}
