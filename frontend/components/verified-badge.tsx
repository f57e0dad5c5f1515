import type { IconName } from "@/components/icon";
import { Badge } from "@/components/marks";
import { sentence } from "@/components/data-jobs";
import { instant } from "@/lib/format";
import type { Verification } from "@/lib/types";

/** What working a stored result out again gave. */
export type Verified = Pick<Verification, "outcome" | "changed" | "note">;

const OUTCOMES: Record<Verified["outcome"], { tone: "ok" | "er" | "wn"; icon: IconName; text: string }> = {
  identical: { tone: "ok", icon: "shield", text: "Verified" },
  differs: { tone: "er", icon: "err", text: "Differs from stored bytes" },
  inputs_changed: { tone: "wn", icon: "warn", text: "Inputs changed" },
};

/** What a run reads, in words: the names that `verify` lists. */
const INPUTS: Record<string, string> = {
  data: "prices",
  corporate_actions: "splits and bonuses",
  dividends: "dividends",
  market_rules: "exchange rules",
  sectors: "sectors",
  benchmark: "index series",
  engine_version: "engine",
};

/** Only after the bytes were compared, on this page, just now; hover says when and what changed. */
export function VerifiedBadge({ verification, at }: { verification: Verified; at: number }) {
  const { tone, icon, text } = OUTCOMES[verification.outcome];
  const names = verification.changed.map((name) => INPUTS[name] ?? name);
  const changed = names.length > 0 ? `: ${names.join(", ")}` : "";
  const note = verification.note ? `. ${sentence(verification.note)}` : "";
  return (
    <span title={`Compared ${instant(new Date(at).toISOString())} IST${changed}${note}`} role="status">
      <Badge tone={tone} icon={icon}>
        {text}
        {changed}
      </Badge>
    </span>
  );
}
