"""Files of brokers into a portfolio: `/api/portfolio/stocks/{id}/import`."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Form, UploadFile

from app.exceptions import PayloadTooLargeError, ValidationError
from app.routers.dependencies import PlatformDep
from app.routers.portfolios import Id
from app.schemas.portfolio_files import FileImported, FilePreview
from app.services.portfolios.files.layouts import BY_ID
from app.services.portfolios.files.reading import MOST_BYTES
from app.services.portfolios.files.service import Asked
from app.services.portfolios.files.values import CellError, day
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/portfolio/stocks/{portfolio_id}/import", tags=["portfolios"])

Layout = Annotated[str | None, Form(max_length=40, description=f"One of {', '.join(BY_ID)}; found by itself")]
Mapping_ = Annotated[str | None, Form(max_length=4000, description='JSON of field → header: {"price": "Rate"}')]
Account = Annotated[str, Form(max_length=60, description="Lots are matched within an account")]
AsOf = Annotated[str | None, Form(max_length=20, description="The day a statement of holdings is of; today")]
LeaveOut = Annotated[str, Form(max_length=100_000, description="Lines that are not wanted: 12,13")]
NotKnown = Annotated[
    str, Form(max_length=100_000, description="Lines that look like some of the ledger, and are others: 12,13")
]
Actions = Annotated[bool, Form(description="Enter splits and bonuses between the trades as well")]


@router.post("/preview", operation_id="portfolio_files:preview")
def preview(
    portfolio_id: Id,
    file: UploadFile,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    layout: Layout = None,
    mapping: Mapping_ = None,
    account: Account = "",
    asof: AsOf = None,
    leave_out: LeaveOut = "",
    not_known: NotKnown = "",
    actions: Actions = True,
) -> FilePreview:
    """What a CSV or XLSX file of a broker would do to the ledger, row by row; nothing is written."""
    asked = _asked(layout, mapping, account, asof, leave_out, not_known, actions)
    data, name = _content(file)
    return FilePreview(**platform.portfolio_files.preview(market, session, portfolio_id, data, name, asked))


@router.post("", operation_id="portfolio_files:import")
def confirm(
    portfolio_id: Id,
    file: UploadFile,
    digest: Annotated[str, Form(max_length=64, description="Of the preview")],
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    layout: Layout = None,
    mapping: Mapping_ = None,
    account: Account = "",
    asof: AsOf = None,
    leave_out: LeaveOut = "",
    not_known: NotKnown = "",
    actions: Actions = True,
    version: Annotated[int | None, Form(ge=1)] = None,
) -> FileImported:
    """Enter the file as the preview showed it, all of it or nothing; what is in the ledger already adds nothing."""
    asked = _asked(layout, mapping, account, asof, leave_out, not_known, actions)
    data, name = _content(file)
    done = platform.portfolio_files.confirm(market, session, portfolio_id, data, name, asked, digest, version)
    return FileImported(**done)


def _content(file: UploadFile) -> tuple[bytes, str]:
    data = file.file.read(MOST_BYTES + 1)
    name = (file.filename or "file").replace("\\", "/").rpartition("/")[2][:100] or "file"
    if len(data) > MOST_BYTES:
        raise PayloadTooLargeError(f"{name} has more than {MOST_BYTES} bytes")
    return data, name


def _asked(
    layout: str | None,
    mapping: str | None,
    account: str,
    asof: str | None,
    leave_out: str,
    not_known: str,
    actions: bool,
) -> Asked:
    return Asked(
        layout=layout or None,
        mapping=_mapping(mapping) if mapping else None,
        account=account.strip(),
        asof=_day(asof) if asof else None,
        leave_out=frozenset(_lines(leave_out, "leave_out")),
        not_known=frozenset(_lines(not_known, "not_known")),
        actions=actions,
    )


def _mapping(text: str) -> dict[str, str]:
    try:
        found: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValidationError(f"mapping: no JSON: {error}", "mapping") from error
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise ValidationError('mapping: expected fields and headers, such as {"price": "Rate"}', "mapping")
    return found


def _day(text: str) -> Any:
    try:
        return day(text)
    except CellError as error:
        raise ValidationError(f"asof: {error}", "asof") from error


def _lines(text: str, field: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and len(part) < 8 for part in parts):
        raise ValidationError(f"{field}: expected numbers of lines, such as 12,13", field)
    return [int(part) for part in parts]
