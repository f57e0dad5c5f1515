"""What is stored: `smarttrader data status`, `findings`, `snapshots`, `coverage` and `provenance`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_json


def register(group: typer.Typer) -> None:
    """Add the commands to the group `data`."""
    group.command("status")(data_status)
    group.command("findings")(data_findings)
    group.command("snapshots")(data_snapshots)
    group.command("coverage")(data_coverage)
    group.command("provenance")(data_provenance)


def data_status(sample: SampleFlag = False, as_json: JsonFlag = False) -> None:
    """What is stored: coverage by year, gaps, quarantine, files, findings, the snapshot, bytes on disk."""
    from rich.console import Console
    from rich.table import Table

    from app.schemas.data import DataStatus, ImportedFile

    market = chosen_market(sample)
    with open_platform() as platform:
        if sample and not platform.data.ready(market):
            fail("The sample market has not been made yet: smarttrader data sample")
        with platform.database.transaction(market) as session:
            answer = platform.data.status(market, session)
            recent = [ImportedFile.model_validate(file, from_attributes=True) for file in answer.pop("recent_files")]
            status = DataStatus(**answer, recent_files=recent)
    if as_json:
        print_json(status.model_dump(mode="json"))
        return
    console = Console()
    if status.snapshot is None:
        console.print("No prices yet. Bring some: smarttrader data import FOLDER, or try smarttrader data sample")
        return
    console.print(
        f"{status.market}: {status.rows:,} price rows of {status.instruments:,} instruments "
        f"from {status.files:,} files, {status.first_session} to {status.last_session}, snapshot {status.snapshot[:8]}"
    )
    table = Table("Year", "Sessions", "Of", "Instruments", "From", "To")
    for year in status.years:
        table.add_row(
            str(year.year),
            str(year.sessions),
            str(year.expected_sessions),
            f"{year.instruments:,}",
            str(year.first_session),
            str(year.last_session),
        )
    console.print(table)
    gaps = status.gaps
    console.print(
        f"Gaps: {gaps.missing:,} of {gaps.expected:,} sessions missing"
        + (f" (first: {', '.join(map(str, gaps.dates[:5]))})" if gaps.dates else "")
        + f", {gaps.unexpected:,} stored that the calendar does not know"
    )
    worst = ", ".join(f"{hole.symbol} {hole.sessions:,}" for hole in gaps.worst_holes[:5])
    console.print(
        f"Instruments with sessions missing between their first and last: {gaps.instruments_with_holes:,}"
        + (f" (most: {worst})" if worst else "")
    )
    found = ", ".join(f"{count:,} {severity}" for severity, count in sorted(status.findings.items())) or "none"
    console.print(
        f"Findings: {found}. Factors in use: {status.listed_actions:,}. "
        f"In quarantine (unexplained jumps): {status.unexplained_jumps:,}"
    )
    for notice in status.notices:
        console.print(notice, style="yellow", markup=False, highlight=False)
    console.print("Files: " + ", ".join(f"{kind} {count:,}" for kind, count in status.files_by_kind.items()))
    console.print("Rows beside: " + ", ".join(f"{name} {count:,}" for name, count in status.other_rows.items()))
    console.print(f"On disk: database {_megabytes(status.bytes_database)}, panel {_megabytes(status.bytes_panel)}")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def data_findings(
    rule: Annotated[str | None, typer.Option(help="Only findings of this rule.")] = None,
    severity: Annotated[str | None, typer.Option(help="Only refused, warning or note.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """What was found in files and what was done about it, newest first."""
    from app.schemas.data import FindingOut

    if severity not in {None, "refused", "warning", "note"}:
        fail(f"--severity {severity}: expected refused, warning or note")
    market = chosen_market(sample)
    with open_platform() as platform, platform.database.transaction(market) as session:
        rows, total, _ = platform.data.findings(session, page=1, limit=limit, rule=rule, severity=severity)
        found = [FindingOut.model_validate(row, from_attributes=True) for row in rows]
    if as_json:
        print_json({"total": total, "data": [item.model_dump(mode="json") for item in found]})
        return
    for item in found:
        line = "" if item.line is None else f":{item.line}"
        print(f"{item.severity:<8} {item.rule:<24} {item.file_name}{line}  {item.message} → {item.action}")
    print(f"{len(found):,} of {total:,}")


def data_snapshots(
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50, sample: SampleFlag = False, as_json: JsonFlag = False
) -> None:
    """Every state of the data that was served, the one seen last first, with what changed."""
    from app.schemas.data import SnapshotOut

    market = chosen_market(sample)
    with open_platform() as platform:
        if not platform.panels.is_stale(market):
            platform.panels.refresh(market)  # a market imported before there was a history gets its first entry
        with platform.database.transaction(market) as session:
            rows, total = platform.data.snapshots(session, page=1, limit=limit)
            found = [SnapshotOut.model_validate(row) for row in rows]
    if as_json:
        print_json({"total": total, "data": [item.model_dump(mode="json") for item in found]})
        return
    for item in found:
        count = "" if item.changed_instruments is None else f" ({item.changed_instruments:,} instruments)"
        years = _ranges(item.changed_years)
        print(
            f"{item.root[:12]}  adjustments {item.adjustments_hash[:8]}  membership {item.membership_hash[:8]}  "
            f"{item.first_seen_at:%Y-%m-%d %H:%M}  to {item.last_session}  "
            f"changed: {', '.join(item.changed_inputs) or 'nothing'}{f' in {years}' if years else ''}{count}"
        )
    print(f"{len(found):,} of {total:,}")


def _ranges(years: list[int]) -> str:
    """2010-2014, 2016."""
    parts: list[list[int]] = []
    for year in years:
        if parts and parts[-1][-1] == year - 1:
            parts[-1].append(year)
        else:
            parts.append([year])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)


def data_coverage(
    year: Annotated[int | None, typer.Argument(help="The last stored year where none is given.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """The days of a year that are missing, thin, or not in the calendar."""
    from app.schemas.data import Coverage

    market = chosen_market(sample)
    with open_platform() as platform:
        coverage = Coverage(**platform.data.coverage(market, year))
    if as_json:
        print_json(coverage.model_dump(mode="json"))
        return
    for day in coverage.days:
        if day.state in {"MISSING", "PARTIAL", "UNEXPECTED"}:
            print(f"{day.date}  {day.state:<10}  {day.rows:,} instruments")
    print(f"{coverage.year}: " + ", ".join(f"{name} {count:,}" for name, count in coverage.states.items()))
    if coverage.calendar_warning:
        print(coverage.calendar_warning)


def data_provenance(
    symbol: Annotated[str, typer.Argument(help="Symbol on that day, or any it had.")],
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="DATE", help="YYYY-MM-DD.")],
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Where a bar comes from: file and line of the row that counts and of those that lost to it, and why."""
    from app.schemas.data import Provenance

    market = chosen_market(sample)
    wanted: date = day.date()
    with open_platform() as platform, platform.database.transaction(market) as session:
        found = Provenance.model_validate(platform.data.provenance(market, session, symbol, wanted))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    print(f"{found.symbol} on {found.date}, instrument {found.instrument_key}, snapshot {found.snapshot[:8]}")
    for row in found.rows:
        place = f"{row.file_name}:{row.line}" + (f" in {row.container}" if row.container else "")
        stamp = f", published {row.published_at:%Y-%m-%d %H:%M}" if row.published_at else ""
        print(
            f"{'→' if row.counts else ' '} {row.symbol} {row.series}  {place} ({row.kind}, rank {row.source_rank}"
            f"{stamp}, recorded {row.recorded_at:%Y-%m-%d %H:%M})"
        )
        print(f"    O {row.open:g} H {row.high:g} L {row.low:g} C {row.close:g} volume {row.volume:,}. {row.why}")
    for lent in found.bar.lent if found.bar else ():
        print(f"  {lent.field} comes from {lent.file_name}:{lent.line}")
    for action in found.actions:
        state = "in force" if action.in_force else "later"
        print(f"  factor {action.factor:g} from {action.ex_date} ({action.tier}, {state}): {action.purpose}")
