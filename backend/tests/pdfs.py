"""PDF files as people see them: their words, and where a page is printed on."""

from __future__ import annotations

import numpy as np
import pypdfium2
from numpy.typing import NDArray


def words_of(content: bytes) -> list[str]:
    """The text of each page, its lines joined."""
    with pypdfium2.PdfDocument(content) as document:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def pictures_of(content: bytes, scale: float = 1.5) -> list[NDArray[np.uint8]]:
    """Each page as it is printed: grey levels [height, width], 255 where nothing is."""
    with pypdfium2.PdfDocument(content) as document:
        return [np.squeeze(page.render(scale=scale, grayscale=True).to_numpy()) for page in document]


def faults_of(page: NDArray[np.uint8]) -> list[str]:
    """What is wrong with how a page is printed: nothing on it, or ink where a printer cuts off or text runs out."""
    ink = page < 200
    height, width = ink.shape
    y, x = int(height * 0.02), int(width * 0.03)
    edges = {"top": ink[:y], "bottom": ink[-y:], "left": ink[:, :x], "right": ink[:, -x:]}
    found = [f"ink at the {name} edge" for name, part in edges.items() if part.any()]
    return found + (["it is empty"] if ink.mean() < 0.002 else [])
