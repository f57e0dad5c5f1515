"""A4 pages of headings, sentences and tables, in the product's letters. The same words give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from app.services.portfolios.report_tables import Table, escaped, shown

_FONTS: Final = Path(__file__).parent / "fonts"
INK, SOFT, LINE = "#16181c", "#4b4f57", "#d9dce1"
_MARGIN: Final = 18 * mm
_NUMBER: Final = 58.0  # points, a column of numbers
_SIZE, _PADDING = 7.5, 6.5  # points of a table's letters, and beside a cell
_TOGETHER: Final = 25  # rows; a longer table may go over a page's end

for _name in ("Inter-Regular", "Inter-SemiBold"):
    _font = TTFont(_name, str(_FONTS / f"{_name}.ttf"))
    _font.face.name = _name.encode()  # both files call themselves Inter-Regular, and a reader draws but one of a name
    pdfmetrics.registerFont(_font)
pdfmetrics.registerFontFamily("Inter-Regular", normal="Inter-Regular", bold="Inter-SemiBold")


class Pages:
    """A document that is written from top to bottom; `wide` lies on its side."""

    def __init__(self, title: str, footer: str, *, wide: bool = False) -> None:
        self._title, self._footer = title, footer
        self._size = landscape(A4) if wide else A4
        self.width: float = self._size[0] - 2 * _MARGIN
        self._body = ParagraphStyle("body", fontName="Inter-Regular", fontSize=8.5, leading=12, textColor=HexColor(INK))
        self._small = ParagraphStyle(
            "small", parent=self._body, fontSize=7.5, leading=10, spaceBefore=1, textColor=HexColor(SOFT)
        )
        self._head = ParagraphStyle(
            "head", parent=self._body, fontName="Inter-SemiBold", fontSize=10.5, leading=14, spaceBefore=10,
            keepWithNext=1,
        )  # fmt: skip
        self._big = ParagraphStyle("title", parent=self._head, fontSize=17, leading=22, spaceBefore=0)
        self._story: list[Any] = []

    def title(self, text: str) -> None:
        """The name of the document."""
        self._story.append(Paragraph(escaped(text), self._big))

    def head(self, text: str) -> None:
        """A heading; it stays with what follows."""
        self._story.append(Paragraph(escaped(text), self._head))

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names and what they are, in one line."""
        line = " · ".join(f"{escaped(name)} <b>{escaped(value)}</b>" for name, value in pairs)
        self._story.append(Paragraph(line, self._body))

    def small(self, text: str) -> None:
        """A sentence that explains."""
        self._story.append(Paragraph(escaped(text), self._small))

    def drawing(self, drawing: Any) -> None:
        """A figure as wide as the page's text."""
        self._story.append(drawing)

    def table(self, table: Table) -> None:
        """A table under its title, with the line that explains it; one without rows is left out."""
        if not table.rows:
            return
        parts: list[Any] = [Paragraph(escaped(table.title), self._head), Spacer(1, 3), self._grid(table)]
        parts += [Paragraph(escaped(table.note), self._small)] if table.note else []
        self._story += [KeepTogether(parts)] if len(table.rows) < _TOGETHER else parts

    def made(self) -> bytes:
        """The file."""

        def footer(canvas: Any, document: Any) -> None:
            canvas.setFont("Inter-Regular", 7)
            canvas.setFillColor(HexColor(SOFT))
            canvas.drawString(_MARGIN, 9 * mm, self._footer)
            canvas.drawRightString(self._size[0] - _MARGIN, 9 * mm, str(document.page))

        out = io.BytesIO()
        document = SimpleDocTemplate(
            out, pagesize=self._size, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=16 * mm, bottomMargin=_MARGIN,
            title=self._title, author="SmartTrader", lang="en-GB", invariant=1,
        )  # fmt: skip
        document.build(self._story, onFirstPage=footer, onLaterPages=footer)
        return out.getvalue()

    def _grid(self, table: Table) -> Any:
        numeric = [kind != "text" for _, kind in table.columns]
        lines = [[name for name, _ in table.columns]]
        lines += [
            [shown(value, kind) for value, (_, kind) in zip(row, table.columns, strict=True)] for row in table.rows
        ]
        cells = [
            [cell if numeric[n] or not r else Paragraph(escaped(cell), self._small) for n, cell in enumerate(row)]
            for r, row in enumerate(lines)
        ]
        made = Grid(cells, colWidths=_widths(lines, numeric, self.width), repeatRows=1)
        made.setStyle(
            [
                ("FONT", (0, 0), (-1, -1), "Inter-Regular", _SIZE),
                ("FONT", (0, 0), (-1, 0), "Inter-SemiBold", _SIZE),
                ("TEXTCOLOR", (0, 0), (-1, -1), HexColor(INK)),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(LINE)),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
                *(("ALIGN", (n, 0), (n, -1), "RIGHT") for n, one in enumerate(numeric) if one),
            ]
        )
        return made


def _widths(lines: Sequence[Sequence[str]], numeric: Sequence[bool], width: float) -> list[float]:
    """Points of each column: numbers as wide as always, narrower where the texts need it; short texts on one line."""
    need = [
        max(pdfmetrics.stringWidth(line[n], "Inter-SemiBold", _SIZE) for line in lines) + 2 * _PADDING
        for n in range(len(numeric))
    ]
    texts = sorted((n for n, one in enumerate(numeric) if not one), key=lambda n: need[n])
    out = [_NUMBER] * len(numeric)
    left = width - _NUMBER * sum(numeric)
    if sum(need[n] for n in texts) > left:
        out = [min(one, _NUMBER) for one in need]
        left = width - sum(one for one, number in zip(out, numeric, strict=True) if number)
    for place, n in enumerate(texts):
        out[n] = min(need[n], left / (len(texts) - place))
        left -= out[n]
    for n in texts:
        out[n] += left / len(texts)
    return out
