"use client";

import type { ReactNode } from "react";
import { Icon } from "@/components/icon";
import { Popover } from "@/components/layers";

/** What a panel shows and how it is worked out. */
export function About({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Popover
      label={label}
      className="card-b"
      trigger={
        <button
          type="button"
          aria-label={`About ${label}`}
          className="row"
          style={{ minWidth: 24, minHeight: 24 }}
        >
          <Icon name="info" size="xs" />
        </button>
      }
    >
      <p className="t2" style={{ width: 300, maxWidth: "80vw" }}>
        {children}
      </p>
    </Popover>
  );
}
