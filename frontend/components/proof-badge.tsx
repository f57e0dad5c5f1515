import { Badge } from "@/components/marks";
import type { IconName } from "@/components/icon";
import type { RunDetail } from "@/lib/types";

type Proof = NonNullable<RunDetail["proofs"][number]["proof"]>;

const OUTCOMES: Record<Proof["outcome"], { tone: "ok" | "er" | "wn"; icon: IconName; text: string }> = {
  passed: { tone: "ok", icon: "shield", text: "No look-ahead found" },
  leak: { tone: "er", icon: "err", text: "Look-ahead" },
  raised: { tone: "wn", icon: "warn", text: "Look-ahead not ruled out" },
  malformed: { tone: "wn", icon: "warn", text: "Look-ahead not ruled out" },
  unsteady: { tone: "wn", icon: "warn", text: "Look-ahead not ruled out" },
  no_decisions: { tone: "wn", icon: "warn", text: "Look-ahead not ruled out" },
  not_tested: { tone: "wn", icon: "warn", text: "Not tested for look-ahead" },
};

/** The worst finding of the look-ahead search of some strategies; hover says on what it was searched. */
export function ProofBadge({ proofs, small }: { proofs: RunDetail["proofs"]; small?: boolean }) {
  if (proofs.length === 0) return null;
  const found = proofs.map(({ strategy_id, proof }) => ({
    outcome: proof?.outcome ?? "not_tested",
    sentence: `${strategy_id}: ${proof?.sentence ?? "there is no search on file"}`,
  }));
  const order: Proof["outcome"][] = ["leak", "raised", "malformed", "unsteady", "no_decisions", "not_tested"];
  const outcome = order.find((name) => found.some((row) => row.outcome === name)) ?? "passed";
  const { tone, icon, text } = OUTCOMES[outcome];
  return (
    <span title={found.map(({ sentence }) => sentence).join("\n")}>
      <Badge tone={tone} icon={icon} small={small}>
        {text}
      </Badge>
    </span>
  );
}
