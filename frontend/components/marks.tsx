"use client";

import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import { Icon, type IconName } from "@/components/icon";
import { date, shortHash, signed } from "@/lib/format";
import type { LifecycleStatus } from "@/lib/types";

type Tone = "ok" | "wn" | "er" | "inf" | "ac" | "line";

export function Badge({
  tone,
  icon,
  small,
  children,
}: {
  tone?: Tone;
  icon?: IconName;
  small?: boolean;
  children: ReactNode;
}) {
  return (
    <span className={`badge ${tone ?? ""} ${small ? "sm" : ""}`}>
      {icon && <Icon name={icon} size="xs" />}
      {children}
    </span>
  );
}

const LIFE_ICON: Record<LifecycleStatus, IconName> = {
  RESEARCH: "ring",
  PAPER: "half",
  LIVE: "disc",
  RETIRED: "no",
};

export function Lifecycle({ state }: { state: LifecycleStatus }) {
  return (
    <span className={`badge life ${state.toLowerCase()}`}>
      <Icon name={LIFE_ICON[state]} size="xs" />
      {state}
    </span>
  );
}

/** Fictional data: on every page while the sample market is open. */
export function SampleMark({ small }: { small?: boolean }) {
  return <span className={`badge sample-mark ${small ? "sm" : ""}`}>SAMPLE</span>;
}

/** A dash with its reason, on hover, on focus and to screen readers. Never 0 for unknown. */
export function Unknown({ why }: { why: string }) {
  return (
    <span className="unknown" title={why}>
      <span aria-hidden="true">–</span>
      <span className="sr">Unknown: {why}</span>
    </span>
  );
}

export const toneOf = (value: number): string => (value > 0 ? "up" : value < 0 ? "dn" : "t2");

/** A change: arrow (drawn by the style sheet, a table has hundreds), sign, colour; none of them for zero. */
export function Delta({ value, digits = 2, unit = "%" }: { value: number; digits?: number; unit?: string }) {
  const shown = Number(value.toFixed(digits));
  return <span className={`delta num ${toneOf(shown)}`}>{signed(value, digits) + unit}</span>;
}

export function Kbd({ children }: { children: ReactNode }) {
  return <kbd className="kbd">{children}</kbd>;
}

export function Hint({ text, children }: { text: ReactNode; children: ReactNode }) {
  return (
    <Tooltip.Provider delayDuration={250}>
      <Tooltip.Root>
        <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
        <Tooltip.Portal>
          <Tooltip.Content className="tipc" sideOffset={4}>
            {text}
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
    </Tooltip.Provider>
  );
}

export interface StampProps {
  asof: string | null;
  pointInTime: boolean;
  snapshot?: string | null;
  /** What the hash is of: the stored data, or the part of them that a run read. */
  hashOf?: "Data" | "Inputs";
  /** Said on hover when the result is not point-in-time. */
  why?: string;
}

/** Every result carries one: as of when, from what knowledge, of which data. */
export function Stamp({ asof, pointInTime, snapshot, hashOf = "Data", why }: StampProps) {
  return (
    <span className="stamp">
      <span>
        <Icon name="clock" size="xs" />
        As of <b className="num">{asof ? `${date(asof, true)}, close` : "–"}</b>
      </span>
      {pointInTime ? (
        <span className="pit">
          <Icon name="check" size="xs" />
          POINT-IN-TIME
        </span>
      ) : (
        <span className="notpit" title={why ?? "Membership or sector is today's, not that day's."}>
          <Icon name="warn" size="xs" />
          NOT POINT-IN-TIME
        </span>
      )}
      {snapshot && (
        <span
          className="snap"
          title={hashOf === "Inputs" ? "A content hash of the bars and members that the run read" : undefined}
        >
          {hashOf} <code className="mono t2">{shortHash(snapshot)}</code>
        </span>
      )}
    </span>
  );
}
