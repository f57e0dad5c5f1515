"use client";

import { Popover as RadixPopover } from "radix-ui";
import {
  createContext,
  useContext,
  useEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
  type TableHTMLAttributes,
} from "react";
import { OpenedFigure, type Figure } from "@/components/figure-card";

/** Whether the arrow keys lead from figure to figure, so that one of them alone is a stop of the Tab key. */
const Roving = createContext(false);

/** A value that opens its formula and what it is made of; worked out when it is opened. */
export function FigureValue({
  name,
  figure,
  className = "",
  children,
}: {
  /** What it is and how much, for whoever hears it: "Mar 2021: +1.2%". */
  name: string;
  figure: () => Figure;
  className?: string;
  /** The value as it is written. */
  children: ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const roving = useContext(Roving);
  return (
    <>
      <button
        ref={button}
        type="button"
        data-cell
        className={`figval ${className}`.trim()}
        aria-label={name}
        aria-haspopup="dialog"
        aria-expanded={open}
        tabIndex={roving ? -1 : 0}
        onClick={() => setOpen(!open)}
      >
        {children}
      </button>
      {open && (
        <RadixPopover.Root open onOpenChange={setOpen}>
          <RadixPopover.Anchor virtualRef={button as { current: HTMLButtonElement }} />
          <RadixPopover.Portal>
            <RadixPopover.Content
              className="popc card-b"
              aria-label={name}
              align="end"
              sideOffset={6}
              collisionPadding={8}
              onInteractOutside={(event) => {
                // the button itself closes what it opened
                if (event.target instanceof Node && button.current?.contains(event.target))
                  event.preventDefault();
              }}
              onCloseAutoFocus={(event) => {
                event.preventDefault();
                button.current?.focus();
              }}
            >
              <OpenedFigure figure={figure()} />
            </RadixPopover.Content>
          </RadixPopover.Portal>
        </RadixPopover.Root>
      )}
    </>
  );
}

const figuresIn = (place: ParentNode | null | undefined): HTMLButtonElement[] =>
  place ? [...place.querySelectorAll<HTMLButtonElement>("button[data-cell]")] : [];

/** The figure an arrow key leads to from one in a table; null at its edge. */
function neighbour(from: HTMLButtonElement, key: string): HTMLButtonElement | null {
  const cell = from.closest<HTMLTableCellElement>("td, th");
  const row = cell?.closest("tr");
  if (!cell || !row) return null;
  const mine = figuresIn(row);
  const at = mine.indexOf(from);
  if (key === "ArrowLeft") return mine[at - 1] ?? null;
  if (key === "ArrowRight") return mine[at + 1] ?? null;
  if (key === "Home") return mine[0] ?? null;
  if (key === "End") return mine.at(-1) ?? null;
  const step = key === "ArrowDown" ? 1 : -1;
  const rows = [...(row.closest("table")?.rows ?? [])];
  for (let next = rows.indexOf(row) + step; next >= 0 && next < rows.length; next += step) {
    const [found] = figuresIn(rows[next]?.cells[cell.cellIndex]);
    if (found) return found;
  }
  return null;
}

const KEYS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

/** A table whose cells open, those with `data-cell`: one stop of the Tab key, and arrows from cell to cell. */
export function FigureTable(props: TableHTMLAttributes<HTMLTableElement>) {
  const table = useRef<HTMLTableElement>(null);
  const turnTo = (chosen: HTMLButtonElement) => {
    for (const one of figuresIn(table.current)) one.tabIndex = one === chosen ? 0 : -1;
  };
  useEffect(() => {
    const all = figuresIn(table.current);
    if (all[0] && !all.some((one) => one.tabIndex === 0)) all[0].tabIndex = 0;
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const from = event.target;
    if (!(from instanceof HTMLButtonElement) || !from.matches("[data-cell]") || !KEYS.has(event.key)) return;
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    const next = neighbour(from, event.key);
    if (!next) return;
    turnTo(next);
    next.focus();
  };
  return (
    <Roving.Provider value={true}>
      <table
        {...props}
        ref={table}
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          if (event.target instanceof HTMLButtonElement && event.target.matches("[data-cell]"))
            turnTo(event.target);
        }}
      />
    </Roving.Provider>
  );
}
