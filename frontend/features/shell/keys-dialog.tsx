"use client";

import { Fragment } from "react";
import { Dialog } from "@/components/layers";
import { Kbd } from "@/components/marks";
import { keyLabel, useAllCommands } from "@/lib/commands";
import { usePreferences } from "@/lib/preferences";

/** Every key that works on the page on screen, from the same list that the keyboard reads. */
export function KeysDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const commands = useAllCommands().filter((command) => command.keys);
  const { shortcuts } = usePreferences();
  return (
    <Dialog open={open} onClose={onClose} title="Keys of this page" wide>
      {shortcuts === "off" && (
        <p className="wn">Single keys are switched off in Settings; those with ⌘ or Ctrl still work.</p>
      )}
      <div className="grid" style={{ gridTemplateColumns: "repeat(auto-fit, minmax(240px, 1fr))", gap: 20 }}>
        {(["This page", "Go to", "Actions"] as const).map((group) => {
          const members = commands.filter((command) => command.group === group);
          if (members.length === 0) return null;
          return (
            <section key={group}>
              <h3 className="t3 xs">{group}</h3>
              <dl className="kv">
                {members.map((command) => (
                  <Fragment key={command.id}>
                    <dt>{command.label}</dt>
                    <dd className="row" style={{ gap: 4, justifyContent: "flex-end" }}>
                      {(command.keys ?? "").split(/(?<=.) (?=.)/).map((key, index) => (
                        <Kbd key={index}>{keyLabel(key)}</Kbd>
                      ))}
                    </dd>
                  </Fragment>
                ))}
              </dl>
            </section>
          );
        })}
      </div>
    </Dialog>
  );
}
