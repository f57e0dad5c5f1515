"""An index and a type narrow a screen together, alike in its page, facets, `in index()`, histories and reasons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from tests.conftest import copied_database, served_application

pytestmark = pytest.mark.integration
TYPES = ("EQUITY", "ETF", "SME", "REIT", "INVIT", "RIGHTS", "ALL")


@pytest.fixture(scope="module")
def client(postgres: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The small market with an index of every type there is: five stocks, one of each of five types."""
    home = tmp_path_factory.mktemp("types")
    with copied_database(postgres, sample_template) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            run = connection.execute
            run(text("INSERT INTO indices (id, name) VALUES ('MIXED', 'Mixed')"))
            found = run(text("SELECT id FROM instruments WHERE instrument_type = 'EQUITY' ORDER BY symbol LIMIT 6"))
            for row, kind in zip(found.all(), ("EQUITY", "EQUITY", "ETF", "SME", "REIT", "RIGHTS"), strict=True):
                run(text("UPDATE instruments SET instrument_type = :kind WHERE id = :id"), {"kind": kind, "id": row.id})
                run(
                    text(
                        "INSERT INTO index_members (index_id, instrument_id, valid_from, valid_to, basis) VALUES "
                        "('MIXED', :id, '2024-01-01', NULL, 'HISTORY')"
                    ),
                    {"id": row.id},
                )
            run(text("UPDATE data_versions SET version = version + 1 WHERE scope IN ('membership', 'identity')"))
        engine.dispose()
        with served_application(url, home, Path(home) / "inbox") as served:
            yield served


def get(client: TestClient, path: str, **params: Any) -> Any:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("kind", TYPES)
def test_total_facet_in_index_and_history_agree_for_every_index_and_type(client: TestClient, kind: str) -> None:
    whole = get(client, "/api/screener/", instrument_type=kind, facets=True)["meta"]
    listed = [one["id"] for one in get(client, "/api/screener/indices")["indices"]]
    assert "MIXED" in listed
    for index in listed:
        narrowed = get(client, "/api/screener/", index=index, instrument_type=kind, limit=500)
        asked = get(client, "/api/screener/", q=f'in index("{index}")', instrument_type=kind, limit=500)
        symbols = [row["symbol"] for row in narrowed["data"]]
        assert symbols == [row["symbol"] for row in asked["data"]]
        assert whole["indices"].get(index, 0) == len(symbols) == narrowed["meta"]["total"]
        day = whole["asof"]
        past = get(client, "/api/screener/history", q="close > 0", index=index, instrument_type=kind, start=day)
        assert past["days"]["universe"] == [len(symbols)]
    expected = {"EQUITY": 2, "ETF": 1, "SME": 1, "REIT": 1, "INVIT": 0, "RIGHTS": 1, "ALL": 6}
    assert whole["indices"].get("MIXED", 0) == expected[kind]


def test_members_of_another_type_are_told_and_are_members(client: TestClient) -> None:
    meta = get(client, "/api/screener/", index="MIXED")["meta"]
    assert "Not counted: 4 members of another type than EQUITY (type ALL has them)." in meta["point_in_time_note"]
    fund = get(client, "/api/screener/", index="MIXED", instrument_type="ETF")["data"][0]["symbol"]
    told = get(client, f"/api/screener/why/{fund}", index="MIXED")
    assert (told["matches"], told["outside"]) == (False, "It is not of the type EQUITY (main board) on that day.")
    assert get(client, f"/api/screener/why/{fund}", index="MIXED", instrument_type="ALL")["matches"]
