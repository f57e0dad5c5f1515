"""A series beside a stored index: the index's closes of the series' own days, and what is said where there are none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.exceptions import DataNotFoundError, ValidationError
from app.services.importing.run import import_paths
from app.services.intraday.store import IntradayStore
from app.services.series_files import read_series
from app.services.tear_sheets import of_index, tear_sheet

INDEX = """"Index Name","Date","Open","High","Low","Close"
"NIFTY 50","01 Jan 2024","100","100","100","100"
"NIFTY 50","02 Jan 2024","110","110","110","110"
"NIFTY 50","03 Jan 2024","99","99","99","99"
"""
CURVE = "date,equity\n2024-01-01,1000\n2024-01-02,1050\n2024-01-03,997.5\n"


@pytest.mark.integration
def test_half_the_index_has_beta_one_half(engine: Engine, tmp_path: Path) -> None:
    index, curve = tmp_path / "NIFTY_50.csv", tmp_path / "curve.csv"
    index.write_text(INDEX)
    curve.write_text(CURVE)  # +5 % and -5 % beside +10 % and -10 %
    import_paths(
        engine, [index], progress=lambda _f, _m: None, cancelled=lambda: False, strict_paths=True,
        intraday_store=IntradayStore(tmp_path / "store"),
    )  # fmt: skip
    with Session(engine) as session:
        nifty = of_index(session, "nifty 50", date(2024, 1, 1), date(2024, 1, 3))
        with pytest.raises(DataNotFoundError, match="NIFTY NOWHERE"):
            of_index(session, "NIFTY NOWHERE", date(2024, 1, 1), date(2024, 1, 3))
        with pytest.raises(ValidationError, match="ends before 2024-02-01"):
            of_index(session, "NIFTY50", date(2024, 2, 1), date(2024, 3, 1))
    found = tear_sheet(read_series(curve), benchmark=nifty)
    assert found["benchmark"] == "NIFTY 50"
    assert found["metrics"]["beta"] == pytest.approx(0.5)
    assert found["metrics"]["correlation"] == pytest.approx(1.0)
