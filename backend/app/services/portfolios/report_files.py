"""A portfolio's report as a PDF and as a workbook. The same answers give the same bytes but for the PDF's own dates."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.services.portfolios.report_tables import Kind, Table, escaped, facts, shown, tables
from app.services.spreadsheet_cells import safe_cell

_ACCENT, _INDEX = "#4c4dc3", "#8a8c91"
NOTICE: Final = "An analysis, not advice. Past returns say little of coming ones."


def pdf(portfolio: Mapping[str, Any], analysis: Mapping[str, Any], stress: Mapping[str, Any], *, sample: bool) -> bytes:
    """A4 pages: facts, growth, and the tables of `report_tables`."""
    from app.services.portfolios.pdf_pages import Pages

    pages = Pages(
        f"{portfolio['name']}, {analysis['asof']}", f"{portfolio['name']} · as of {analysis['asof']} · SmartTrader"
    )
    pages.title(portfolio["name"] + (" · SAMPLE" if sample else ""))
    pages.facts(facts(portfolio, analysis))
    pages.small(NOTICE)  # in front, and so never left alone on a last page
    if sample:
        pages.small("Companies and prices of the sample market are made up.")
    pages.head("Growth of today's portfolio")
    pages.drawing(_growth(analysis, pages.width))
    holes = None in analysis["charts"]["performance"]["benchmark_returns"]
    pages.small(
        f"Portfolio in violet, {analysis['benchmark']['name']} in grey; value of 1."
        + (" Where the index has no close on file it has no line, and goes on from where it stood." if holes else "")
    )
    for table in tables(portfolio, analysis, stress):
        pages.table(table)
    left_out = [f"{one['symbol']}: {one['reason']}" for one in analysis["left_out"]]
    pages.head("What this rests on")
    for line in (
        *analysis["assumptions"],
        *([f"Left out of what rests on returns: {'; '.join(left_out)}."] if left_out else []),
        analysis["fundamental_risk"]["note"],
    ):
        pages.small(line)
    return pages.made()


def _growth(analysis: Mapping[str, Any], width: float) -> Any:
    """The curves of the window as a drawing."""
    from reportlab.graphics.shapes import Drawing, Line, PolyLine, String
    from reportlab.lib.colors import HexColor

    from app.services.portfolios.pdf_pages import LINE, SOFT

    performance = analysis["charts"]["performance"]
    height, right = 120.0, 34.0
    lines = [(np.array(performance["portfolio_returns"], float), _ACCENT)]
    if analysis["benchmark"]["reason"] is None:
        lines.append((np.array(performance["benchmark_returns"], float), _INDEX))
    curves = [(_grown(returns), colour) for returns, colour in lines]
    low, high = (float(end([end(curve) for curve, _ in curves])) for end in (np.nanmin, np.nanmax))
    span = max(high - low, 1e-9)
    drawing = Drawing(width, height)
    for level in np.linspace(low, high, 5).tolist():
        y = 6 + (height - 12) * (level - low) / span
        drawing.add(Line(0, y, width - right, y, strokeColor=HexColor(LINE), strokeWidth=0.4))
        drawing.add(
            String(
                width - right + 4,
                y - 2.5,
                f"{level:.2f}",
                fontName="Inter-Regular",
                fontSize=7,
                fillColor=HexColor(SOFT),
            )
        )
    for curve, colour in reversed(curves):
        keep = np.unique(np.linspace(0, curve.size - 1, min(curve.size, 700)).astype(int))
        known = (~np.isnan(curve)).tolist()
        for there, part in groupby(keep.tolist(), key=known.__getitem__):
            points: list[float] = []
            for t in part if there else ():
                x = (width - right) * t / max(curve.size - 1, 1)
                points += [x, 6 + (height - 12) * (float(curve[t]) - low) / span]
            if points:
                drawing.add(PolyLine(points, strokeColor=HexColor(colour), strokeWidth=1.1))
    return drawing


def _grown(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """What 1 became, from 1 on; NaN where the return is unknown, so that no flat line is drawn there."""
    grown = np.cumprod(np.append(1.0, 1.0 + np.nan_to_num(returns)))
    grown[1:][np.isnan(returns)] = np.nan
    return grown


def workbook(portfolio: Mapping[str, Any], analysis: Mapping[str, Any], stress: Mapping[str, Any]) -> bytes:
    """One sheet a table, plain numbers with their formats, and one of what it rests on."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Summary"
    for row in ((portfolio["name"], ""), *facts(portfolio, analysis)):
        sheet.append([safe_cell(cell) for cell in row])
    sheet.append([])
    for line in (*analysis["assumptions"], NOTICE):
        sheet.append([safe_cell(line)])
    sheet["A1"].font = Font(bold=True, size=14)
    sheet.column_dimensions["A"].width = 24
    for table in tables(portfolio, analysis, stress):
        page = book.create_sheet(table.title[:31])
        page.append([name for name, _ in table.columns])
        for cell in page[1]:
            cell.font = Font(bold=True)
        for values in table.rows:
            page.append([safe_cell(value) for value in values])
        for n, (name, kind) in enumerate(table.columns, 1):
            page.column_dimensions[get_column_letter(n)].width = 34 if kind == "text" else max(12, len(name) + 2)
            for (cell,) in page.iter_rows(min_row=2, min_col=n, max_col=n):
                cell.number_format = _FORMATS[kind]
        page.freeze_panes = "B2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


_FORMATS: Final[dict[Kind, str]] = {
    "text": "General", "percent": "0.0%", "number": "0.00", "rupees": "#,##0.00", "paise": "#,##0.00",
    "count": "0",
}  # fmt: skip


def html(portfolio: Mapping[str, Any], analysis: Mapping[str, Any], stress: Mapping[str, Any], *, sample: bool) -> str:
    """One page for a client that opens without a server: no scripts, no fonts or pictures from elsewhere."""
    parts = [f"<h1>{escaped(portfolio['name'])}{' <small>SAMPLE</small>' if sample else ''}</h1>"]
    parts.append(
        "<dl>"
        + "".join(f"<dt>{name}</dt><dd>{escaped(value)}</dd>" for name, value in facts(portfolio, analysis))
        + "</dl>"
    )
    for table in tables(portfolio, analysis, stress):
        parts.append(f"<h2>{table.title}</h2><div class='s'><table>{_rows(table)}</table></div>")
        parts.append(f"<p>{escaped(table.note)}</p>" if table.note else "")
    lines: Sequence[str] = [*analysis["assumptions"], analysis["fundamental_risk"]["note"], NOTICE]
    parts.append("<h2>What this rests on</h2><ul>" + "".join(f"<li>{escaped(one)}</li>" for one in lines) + "</ul>")
    name = escaped(f"{portfolio['name']}, {analysis['asof']}")
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{name}</title><style>{_STYLE}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>"
    )


def _rows(table: Table) -> str:
    head = "".join(f"<th{'' if kind == 'text' else ' class=r'}>{escaped(name)}</th>" for name, kind in table.columns)
    lines = [f"<tr>{head}</tr>"]
    for row in table.rows:
        cells = "".join(
            f"<td{'' if kind == 'text' else ' class=r'}>{escaped(shown(value, kind))}</td>"
            for value, (_, kind) in zip(row, table.columns, strict=True)
        )
        lines.append(f"<tr>{cells}</tr>")
    return "".join(lines)


_STYLE: Final = (
    ":root{color-scheme:light dark;--b:#fff;--i:#16181c;--s:#4b4f57;--l:#d9dce1}"
    "@media(prefers-color-scheme:dark){:root{--b:#121417;--i:#eff0f3;--s:#b9bcc3;--l:#2b2d32}}"
    "body{margin:0 auto;max-width:960px;padding:24px 16px;background:var(--b);color:var(--i);"
    "font:14px/20px system-ui,sans-serif;font-variant-numeric:tabular-nums}"
    "h1{font-size:22px}h2{font-size:15px;margin:28px 0 6px}"
    "dl{display:flex;flex-wrap:wrap;gap:4px 24px}dt{color:var(--s)}dd{margin:0 12px 0 6px;font-weight:600}"
    ".s{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13px}"
    "td,th{padding:4px 8px;border-bottom:1px solid var(--l);text-align:left}.r{text-align:right;white-space:nowrap}"
    "p,li{color:var(--s);font-size:12px}"
)
