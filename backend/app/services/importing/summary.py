"""What an import came to."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class NotStored:
    """A file that was refused or skipped, and why."""

    name: str
    reason: str
    rule: str
    line: int | None = None


@dataclass(slots=True)
class ImportSummary:
    """Counts of an import. `refused` and `missing` make its exit code 1; `skipped` does not, unless named directly."""

    loaded: int = 0
    already_known: int = 0
    ignored: int = 0  # read-me files and the like
    rows: int = 0
    findings: int = 0
    seconds: float = 0.0
    cancelled: bool = False
    loaded_by_kind: Counter[str] = field(default_factory=Counter)
    skipped: list[NotStored] = field(default_factory=list)
    refused: list[NotStored] = field(default_factory=list)
    failed_paths: list[NotStored] = field(default_factory=list)
    seconds_by_step: dict[str, float] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 when everything asked for was stored or known; 1 when a file was refused or a path named was no good."""
        return 1 if self.refused or self.failed_paths or self.cancelled else 0

    def to_dict(self) -> dict[str, Any]:
        """The summary as JSON."""

        def listed(items: list[NotStored]) -> list[dict[str, Any]]:
            return [{"name": item.name, "reason": item.reason, "rule": item.rule, "line": item.line} for item in items]

        return {
            "loaded": self.loaded,
            "already_known": self.already_known,
            "ignored": self.ignored,
            "rows": self.rows,
            "findings": self.findings,
            "seconds": round(self.seconds, 3),
            "seconds_by_step": {step: round(seconds, 3) for step, seconds in self.seconds_by_step.items()},
            "cancelled": self.cancelled,
            "loaded_by_kind": dict(sorted(self.loaded_by_kind.items())),
            "skipped": listed(self.skipped),
            "refused": listed(self.refused),
            "failed_paths": listed(self.failed_paths),
            "exit_code": self.exit_code,
        }

    def name_without(self, folder: Path) -> None:
        """Name the files of an upload as their sender did: without the folder of ours, and its number, they lay in."""
        ours = re.compile(re.escape(str(folder)) + r"[/\\\\](\d+[/\\\\])?")
        for items in (self.skipped, self.refused, self.failed_paths):
            items[:] = [replace(item, name=ours.sub("", item.name), reason=ours.sub("", item.reason)) for item in items]

    def lines(self) -> list[str]:
        """The summary as text for a terminal."""
        text = [
            f"{self.loaded} files stored, {self.rows:,} rows, in {self.seconds:.1f} s; "
            f"{self.already_known} already known, {len(self.skipped)} skipped, {len(self.refused)} refused"
        ]
        text += [f"  {kind}: {count}" for kind, count in sorted(self.loaded_by_kind.items())]
        if self.findings:
            text.append(f"{self.findings} new findings: see `smarttrader data findings` or the data page")
        for title, items in (("refused", self.refused), ("not imported", self.failed_paths), ("skipped", self.skipped)):
            text += [f"{title}: {item.name}: {item.rule}: {item.reason}" for item in items[:_SHOWN]]
            if len(items) > _SHOWN:
                text.append(f"{title}: and {len(items) - _SHOWN} more")
        if self.cancelled:
            text.append("cancelled: what was stored stays; import again to go on")
        return text
