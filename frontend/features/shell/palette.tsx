"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { Dialog as Radix } from "radix-ui";
import { useEffect, useId, useMemo, useState, type KeyboardEvent } from "react";
import { Icon, type IconName } from "@/components/icon";
import { Kbd } from "@/components/marks";
import { marketAPI, unwrap } from "@/lib/api-client";
import { keyLabel, useAllCommands } from "@/lib/commands";
import { getErrorMessage } from "@/lib/errors";

interface Entry {
  id: string;
  group: string;
  icon: IconName;
  label: string;
  note?: string;
  keys?: string;
  run: () => void;
}

const WAIT_MS = 120;

/** Stocks, pages and every action of the page on screen, by typing. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content className="dialog palette" aria-describedby={undefined}>
          <Radix.Title className="sr">Search or run a command</Radix.Title>
          <PaletteBody onClose={onClose} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function PaletteBody({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const listId = useId();
  const [text, setText] = useState("");
  const [selected, setSelected] = useState(0);
  const asked = useSettled(text.trim(), WAIT_MS);
  const commands = useAllCommands();
  const stocks = useQuery({
    queryKey: ["data", "search", asked],
    queryFn: ({ signal }) => unwrap(marketAPI.search(asked, signal)),
    enabled: asked.length > 0,
    placeholderData: (previous) => previous,
  });

  const entries = useMemo((): Entry[] => {
    const wanted = text.trim().toLowerCase();
    const found = wanted ? (stocks.data ?? []) : [];
    return [
      ...found.map((hit): Entry => ({
        id: `stock ${hit.symbol}`,
        group: "Stocks",
        icon: "spark",
        label: hit.symbol,
        note: [hit.name, hit.sector].filter(Boolean).join(" · "),
        run: () => router.push(`/stock/?symbol=${encodeURIComponent(hit.symbol)}`),
      })),
      ...(["This page", "Actions", "Go to"] as const).flatMap((group) =>
        commands
          .filter(
            (command) =>
              command.group === group && !command.hidden && command.label.toLowerCase().includes(wanted),
          )
          .map((command): Entry => ({ ...command, icon: group === "Go to" ? "right" : "play" })),
      ),
    ];
  }, [text, stocks.data, commands, router]);

  const at = Math.min(selected, Math.max(0, entries.length - 1));
  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setSelected((at + step + entries.length) % Math.max(1, entries.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(entries[at]);
    }
  };

  return (
    <>
      <div className="row q">
        <Icon name="search" size="s" />
        <input
          role="combobox"
          aria-label="Stock, page or action"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={entries[at] ? `${listId}-${at}` : undefined}
          aria-autocomplete="list"
          autoComplete="off"
          spellCheck={false}
          placeholder="Stock, page or action"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setSelected(0);
          }}
          onKeyDown={onKeyDown}
          autoFocus
        />
        <Kbd>Esc</Kbd>
      </div>
      <div className="list" role="listbox" id={listId} aria-label="Results">
        {stocks.error && text.trim() !== "" && (
          <p className="xs er" role="presentation" style={{ padding: "4px 10px" }}>
            Stocks cannot be searched: {getErrorMessage(stocks.error)}
          </p>
        )}
        {entries.map((entry, index) => (
          <PaletteRow
            key={entry.id}
            id={`${listId}-${index}`}
            entry={entry}
            heading={entries[index - 1]?.group !== entry.group ? entry.group : null}
            selected={index === at}
            onPoint={() => setSelected(index)}
            onChoose={() => choose(entry)}
          />
        ))}
        {entries.length === 0 && (
          <p className="t2" role="presentation" style={{ padding: "10px" }}>
            Nothing is named “{text.trim()}”.
          </p>
        )}
      </div>
    </>
  );
}

interface PaletteRowProps {
  id: string;
  entry: Entry;
  heading: string | null;
  selected: boolean;
  onPoint: () => void;
  onChoose: () => void;
}

function PaletteRow({ id, entry, heading, selected, onPoint, onChoose }: PaletteRowProps) {
  useEffect(() => {
    if (selected) document.getElementById(id)?.scrollIntoView({ block: "nearest" });
  }, [selected, id]);
  return (
    <>
      {heading && (
        <div className="xs t3" role="presentation" style={{ padding: "8px 10px 4px" }}>
          {heading}
        </div>
      )}
      {/* Focus stays in the field: the combobox names this option as its active descendant. */}
      <div
        id={id}
        className="menu-i"
        role="option"
        aria-selected={selected}
        onMouseMove={onPoint}
        onClick={onChoose}
        style={{ cursor: "pointer" }}
      >
        <span className="t3 row">
          <Icon name={entry.icon} size="s" />
        </span>
        <span className="nowrap">{entry.label}</span>
        {entry.note && <span className="t3 xs trunc">{entry.note}</span>}
        <span className="sp row" style={{ gap: 4 }}>
          {entry.keys
            ? entry.keys
                .split(" ")
                .filter(Boolean)
                .map((key, index) => <Kbd key={index}>{keyLabel(key)}</Kbd>)
            : selected && <Kbd>↵</Kbd>}
        </span>
      </div>
    </>
  );
}

/** The value once it has not changed for a while: one request a word, not one a letter. */
function useSettled(value: string, milliseconds: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
