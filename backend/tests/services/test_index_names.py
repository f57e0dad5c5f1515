"""What an index is called where people read it."""

from __future__ import annotations

import pytest

from app.services.index_names import written_name


@pytest.mark.parametrize(
    ("index_id", "stored", "read"),
    [
        ("NIFTYSMALLCAP250", "NIFTYSMALLCAP250", "NIFTY SMALLCAP 250"),
        ("NIFTYTOTALMARKET", "NIFTYTOTALMARKET", "NIFTY TOTAL MARKET"),
        ("NIFTYALPHA50", "Nifty Alpha 50", "Nifty Alpha 50"),
        ("SAMPLE20", "SAMPLE20", "SAMPLE20"),
    ],
)
def test_a_list_that_gave_an_id_for_a_name_is_called_by_its_written_name(index_id: str, stored: str, read: str) -> None:
    assert written_name(index_id, stored) == read
