"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Icon } from "@/components/icon";
import { Popover } from "@/components/layers";
import { DataState } from "@/components/shared/DataState";
import { presetsQuery, screensQuery } from "@/lib/queries";
import type { PresetCard, SavedScreen } from "@/lib/types";

interface ScreensMenuProps {
  onScreen: (screen: SavedScreen) => void;
  onPreset: (preset: PresetCard) => void;
}

/** Saved screens and those that come with the product, to be found by name. */
export function ScreensMenu({ onScreen, onPreset }: ScreensMenuProps) {
  const [open, setOpen] = useState(false);
  const [find, setFind] = useState("");
  const screens = useQuery(screensQuery);
  const presets = useQuery(presetsQuery);
  const wanted = find.trim().toLowerCase();
  const pick = (act: () => void) => () => {
    setOpen(false);
    act();
  };
  const listed = (presets.data?.presets ?? []).filter((one) =>
    `${one.label} ${one.description}`.toLowerCase().includes(wanted),
  );
  return (
    <Popover
      label="Screens"
      className="screenpop"
      open={open}
      onOpenChange={(next) => {
        setOpen(next);
        if (next && screens.isSuccess) void screens.refetch(); // another tab may have saved or deleted one
      }}
      trigger={
        <button type="button" className="btn">
          <Icon name="menu" size="s" />
          Screens
        </button>
      }
    >
      <div className="input" style={{ marginBottom: 6 }}>
        <Icon name="search" size="xs" />
        <input
          aria-label="Find a screen"
          placeholder="Find a screen"
          value={find}
          onChange={(event) => setFind(event.target.value)}
        />
      </div>
      <div className="screenlist" tabIndex={0} role="region" aria-label="Screens, list">
        <DataState query={screens} failed="The saved screens stopped">
          {(saved) => {
            const named = saved.filter((one) => one.name.toLowerCase().includes(wanted));
            return named.length > 0 ? (
              <Group heading="Saved">
                {named.map((one) => (
                  <li key={one.id}>
                    <button type="button" onClick={pick(() => onScreen(one))}>
                      <span className="row between">
                        <span className="b trunc">{one.name}</span>
                        <span className="t3 xs nowrap">
                          {one.watching && "watching · "}v{one.version}
                        </span>
                      </span>
                      <code className="mono xs t3 trunc">{one.question.q ?? one.question.index}</code>
                    </button>
                  </li>
                ))}
              </Group>
            ) : null;
          }}
        </DataState>
        {listed.length > 0 && (
          <Group heading="Presets">
            {listed.map((one) => (
              <li key={one.name}>
                <button type="button" onClick={pick(() => onPreset(one))}>
                  <span className="b">{one.label}</span>
                  <span className="xs t3">{one.description}</span>
                </button>
              </li>
            ))}
          </Group>
        )}
        {listed.length === 0 && wanted !== "" && <p className="xs t3">No preset is called so.</p>}
      </div>
    </Popover>
  );
}

function Group({ heading, children }: { heading: string; children: React.ReactNode }) {
  return (
    <>
      <h3 className="xs t3">{heading}</h3>
      <ul>{children}</ul>
    </>
  );
}
