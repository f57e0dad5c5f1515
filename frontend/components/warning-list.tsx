"use client";

import { useState, type ReactNode } from "react";
import { Icon } from "@/components/icon";
import { count, counted } from "@/lib/format";

const WARNINGS_SHOWN = 6;

/** Warnings of a curve in words, the first of them where there are many; nothing where there are none. */
export function WarningList({ warnings, children }: { warnings: readonly string[]; children?: ReactNode }) {
  const [all, setAll] = useState(false);
  const shown = all ? warnings : warnings.slice(0, WARNINGS_SHOWN);
  if (warnings.length === 0) return null;
  return (
    <div className="callout wn wn" style={{ margin: "12px 0" }} role="note">
      <Icon name="warn" size="s" />
      <div className="stack g1">
        <b className="b">{counted(warnings.length, "warning")} before the curve is believed</b>
        <ul className="stack g1">
          {shown.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
        {children}
        {warnings.length > WARNINGS_SHOWN && (
          <button
            type="button"
            className="link xs"
            style={{ alignSelf: "flex-start" }}
            onClick={() => setAll(!all)}
          >
            {all ? "Fewer" : `${count(warnings.length - WARNINGS_SHOWN)} more`}
          </button>
        )}
      </div>
    </div>
  );
}
