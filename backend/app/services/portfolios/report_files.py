"""A portfolio's report as a PDF and as a workbook. The same answers give the same bytes but for the PDF's own dates."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.services.portfolios.report_tables import Cell, Kind, Table, facts, indian, tables

_FONTS: Final = Path(__file__).parent / "fonts"
_INK, _SOFT, _LINE, _ACCENT, _INDEX = "#16181c", "#4b4f57", "#d9dce1", "#4c4dc3", "#8a8c91"
NOTICE: Final = "An analysis, not advice. Past returns say little of coming ones."


def pdf(portfolio: Mapping[str, Any], analysis: Mapping[str, Any], stress: Mapping[str, Any], *, sample: bool) -> bytes:
    """A4 pages: facts, growth, and the tables of `report_tables`."""
    from reportlab.lib.colors import HexColor
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer
    from reportlab.platypus import Table as Grid

    for name in ("Inter-Regular", "Inter-SemiBold"):
        pdfmetrics.registerFont(TTFont(name, str(_FONTS / f"{name}.ttf")))
    body = ParagraphStyle("body", fontName="Inter-Regular", fontSize=8.5, leading=12, textColor=HexColor(_INK))
    small = ParagraphStyle("small", parent=body, fontSize=7.5, leading=10, textColor=HexColor(_SOFT))
    head = ParagraphStyle("head", parent=body, fontName="Inter-SemiBold", fontSize=10.5, leading=14, spaceBefore=10)
    title = ParagraphStyle("title", parent=head, fontSize=17, leading=22, spaceBefore=0)
    width = A4[0] - 36 * mm

    def grid(table: Table) -> Any:
        numeric = [kind != "text" for _, kind in table.columns]
        shown = [[name for name, _ in table.columns]]
        shown += [
            [_shown(value, kind) for value, (_, kind) in zip(row, table.columns, strict=True)] for row in table.rows
        ]
        texts = sum(not one for one in numeric)
        narrow = 58.0
        wide = (width - narrow * sum(numeric)) / max(texts, 1)
        cells = [
            [Paragraph(_escaped(cell), small) if not numeric[n] else cell for n, cell in enumerate(row)]
            for row in shown
        ]
        made = Grid(cells, colWidths=[narrow if one else wide for one in numeric], repeatRows=1)
        made.setStyle(
            [
                ("FONT", (0, 0), (-1, -1), "Inter-Regular", 7.5),
                ("FONT", (0, 0), (-1, 0), "Inter-SemiBold", 7.5),
                ("TEXTCOLOR", (0, 0), (-1, -1), HexColor(_INK)),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(_LINE)),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
                *(("ALIGN", (n, 0), (n, -1), "RIGHT") for n, one in enumerate(numeric) if one),
            ]
        )
        return made

    story: list[Any] = [Paragraph(_escaped(portfolio["name"]) + (" · SAMPLE" if sample else ""), title)]
    story.append(
        Paragraph(" · ".join(f"{name} <b>{_escaped(value)}</b>" for name, value in facts(portfolio, analysis)), body)
    )
    if sample:
        story.append(Paragraph("Companies and prices of the sample market are made up.", small))
    story += [Paragraph("Growth of today's portfolio", head), _growth(analysis, width)]
    story.append(
        Paragraph(f"Portfolio in violet, {_escaped(analysis['benchmark']['name'])} in grey; value of 1.", small)
    )
    for table in tables(portfolio, analysis, stress):
        if table.rows:
            parts = [Paragraph(table.title, head), Spacer(1, 3), grid(table)]
            parts += [Paragraph(_escaped(table.note), small)] if table.note else []
            story.append(KeepTogether(parts) if len(table.rows) < 25 else parts[0])
            story += [] if len(table.rows) < 25 else parts[1:]
    left_out = [f"{one['symbol']}: {one['reason']}" for one in analysis["left_out"]]
    rest = [
        *analysis["assumptions"],
        *([f"Left out of what rests on returns: {'; '.join(left_out)}."] if left_out else []),
    ]
    rest += [analysis["fundamental_risk"]["note"], NOTICE]
    story += [Paragraph("What this rests on", head), *(Paragraph(_escaped(one), small) for one in rest)]

    def footer(canvas: Any, document: Any) -> None:
        canvas.setFont("Inter-Regular", 7)
        canvas.setFillColor(HexColor(_SOFT))
        canvas.drawString(18 * mm, 9 * mm, f"{portfolio['name']} · as of {analysis['asof']} · SmartTrader")
        canvas.drawRightString(A4[0] - 18 * mm, 9 * mm, str(document.page))

    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm, bottomMargin=18 * mm,
        title=f"{portfolio['name']}, {analysis['asof']}", author="SmartTrader", invariant=1,
    )  # fmt: skip
    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return out.getvalue()


def _growth(analysis: Mapping[str, Any], width: float) -> Any:
    """The curves of the window as a drawing."""
    from reportlab.graphics.shapes import Drawing, Line, PolyLine, String
    from reportlab.lib.colors import HexColor

    performance = analysis["charts"]["performance"]
    height, right = 120.0, 34.0
    lines = [(np.array(performance["portfolio_returns"], float), _ACCENT)]
    if analysis["benchmark"]["reason"] is None:
        bench = np.array([0.0 if one is None else one for one in performance["benchmark_returns"]], float)
        lines.append((bench, _INDEX))
    curves = [(np.cumprod(np.append(1.0, 1.0 + returns)), colour) for returns, colour in lines]
    low, high = (float(end([end(curve) for curve, _ in curves])) for end in (np.min, np.max))
    span = max(high - low, 1e-9)
    drawing = Drawing(width, height)
    for level in np.linspace(low, high, 5).tolist():
        y = 6 + (height - 12) * (level - low) / span
        drawing.add(Line(0, y, width - right, y, strokeColor=HexColor(_LINE), strokeWidth=0.4))
        drawing.add(
            String(
                width - right + 4,
                y - 2.5,
                f"{level:.2f}",
                fontName="Inter-Regular",
                fontSize=7,
                fillColor=HexColor(_SOFT),
            )
        )
    for curve, colour in reversed(curves):
        keep = np.unique(np.linspace(0, curve.size - 1, min(curve.size, 700)).astype(int))
        points: list[float] = []
        for t in keep.tolist():
            points += [(width - right) * t / max(curve.size - 1, 1), 6 + (height - 12) * (float(curve[t]) - low) / span]
        drawing.add(PolyLine(points, strokeColor=HexColor(colour), strokeWidth=1.1))
    return drawing


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
        sheet.append([_plain(cell) for cell in row])
    sheet.append([])
    for line in (*analysis["assumptions"], NOTICE):
        sheet.append([_plain(line)])
    sheet["A1"].font = Font(bold=True, size=14)
    sheet.column_dimensions["A"].width = 24
    for table in tables(portfolio, analysis, stress):
        page = book.create_sheet(table.title[:31])
        page.append([name for name, _ in table.columns])
        for cell in page[1]:
            cell.font = Font(bold=True)
        for values in table.rows:
            page.append([_plain(value) for value in values])
        for n, (name, kind) in enumerate(table.columns, 1):
            page.column_dimensions[get_column_letter(n)].width = 34 if kind == "text" else max(12, len(name) + 2)
            for (cell,) in page.iter_rows(min_row=2, min_col=n, max_col=n):
                cell.number_format = _FORMATS[kind]
        page.freeze_panes = "B2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


_FORMATS: Final[dict[Kind, str]] = {
    "text": "General", "percent": "0.0%", "number": "0.00", "rupees": "#,##0.00", "count": "0",
}  # fmt: skip


def _plain(value: Cell) -> Cell:
    """A cell; a text that a spreadsheet would take for a formula gets an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value not in ("–", "-") else value


def _shown(value: Cell, kind: Kind) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if kind == "percent":
        return f"{100 * value:.1f} %".replace("-", "−")
    if kind == "number" and 0.0 < value < 0.005:
        return "< 0.01"
    return indian(value, 2 if kind == "number" else 0)


def _escaped(text: str) -> str:
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def html(portfolio: Mapping[str, Any], analysis: Mapping[str, Any], stress: Mapping[str, Any], *, sample: bool) -> str:
    """One page for a client that opens without a server: no scripts, no fonts or pictures from elsewhere."""
    parts = [f"<h1>{_escaped(portfolio['name'])}{' <small>SAMPLE</small>' if sample else ''}</h1>"]
    parts.append(
        "<dl>"
        + "".join(f"<dt>{name}</dt><dd>{_escaped(value)}</dd>" for name, value in facts(portfolio, analysis))
        + "</dl>"
    )
    for table in tables(portfolio, analysis, stress):
        parts.append(f"<h2>{table.title}</h2><div class='s'><table>{_rows(table)}</table></div>")
        parts.append(f"<p>{_escaped(table.note)}</p>" if table.note else "")
    lines: Sequence[str] = [*analysis["assumptions"], analysis["fundamental_risk"]["note"], NOTICE]
    parts.append("<h2>What this rests on</h2><ul>" + "".join(f"<li>{_escaped(one)}</li>" for one in lines) + "</ul>")
    name = _escaped(f"{portfolio['name']}, {analysis['asof']}")
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1"><title>{name}</title><style>{_STYLE}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>"
    )


def _rows(table: Table) -> str:
    head = "".join(f"<th{'' if kind == 'text' else ' class=r'}>{_escaped(name)}</th>" for name, kind in table.columns)
    lines = [f"<tr>{head}</tr>"]
    for row in table.rows:
        cells = "".join(
            f"<td{'' if kind == 'text' else ' class=r'}>{_escaped(_shown(value, kind))}</td>"
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
