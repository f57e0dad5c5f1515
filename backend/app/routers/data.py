"""Data: import, status, findings, the sample market and which market is shown: `/api/data`."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import ValidationError as PydanticError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from app.database import Market, active_market
from app.exceptions import PayloadTooLargeError, UnsupportedMediaTypeError, ValidationError
from app.models import Job
from app.routers.dependencies import PageLimit, PageNumber, PlatformDep
from app.routers.jobs import job_out
from app.schemas.common import PageMeta, total_pages
from app.schemas.data import (
    Coverage,
    CoverageYear,
    DataStatus,
    FindingOut,
    FindingPage,
    ImportedFile,
    ImportRequest,
    MarketChoice,
    MarketOut,
    Provenance,
    SnapshotOut,
    SnapshotPage,
)
from app.schemas.jobs import JobAccepted
from app.services.platform import Platform
from app.web.sessions import MarketDep, MarketSessionDep, SessionDep, answers_about

router = APIRouter(prefix="/api/data", tags=["data"])

IdempotencyKey = Annotated[str | None, Header(max_length=200)]
_MAX_FILES = 20_000
_COPY_BYTES = 1024 * 1024


@router.post(
    "/import",
    operation_id="data:import",
    status_code=202,
    response_model=JobAccepted,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": ImportRequest.model_json_schema()},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        },
                        "required": ["files"],
                    }
                },
            },
        }
    },
)
async def import_data(
    request: Request, response: Response, platform: PlatformDep, idempotency_key: IdempotencyKey = None
) -> JobAccepted:
    """Import exchange files: a path under one of the import roots, or uploaded files with their folders."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        path = await run_in_threadpool(_asked_path, platform, await request.body())
        job = await run_in_threadpool(_submit, platform, {"path": str(path)}, idempotency_key)
    elif kind == "multipart/form-data":
        folder, content = await _store_upload(request, platform)
        job = await run_in_threadpool(_submit_upload, platform, folder, content, idempotency_key)
    else:
        raise UnsupportedMediaTypeError("Send application/json with a path, or multipart/form-data with files")
    response.headers["Location"] = f"/api/jobs/{job.id}"
    return JobAccepted(job=job_out(job))


def _asked_path(platform: Platform, body: bytes) -> Path:
    try:
        asked = ImportRequest.model_validate_json(body)
    except PydanticError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        raise ValidationError(f"{field}: {first['msg']}", field) from error
    return platform.data.check_import_path(asked.path)


def _submit(
    platform: Platform, arguments: dict[str, Any], idempotency_key: str | None, asked: dict[str, Any] | None = None
) -> Job:
    with platform.database.transaction(Market.REAL) as session:
        market = active_market(session)
    if market is Market.SAMPLE:
        raise ValidationError("The sample market takes no files: switch to the real market first", "market")
    return platform.jobs.submit("import", market, arguments, idempotency_key=idempotency_key, asked=asked)


def _submit_upload(platform: Platform, folder: Path, content: str, idempotency_key: str | None) -> Job:
    """A job for an upload; its folder is taken away where an earlier job answers, or none can be."""
    arguments, job = {"path": str(folder), "upload": True}, None
    try:
        job = _submit(platform, arguments, idempotency_key, {"upload": content})
    finally:
        if job is None or job.arguments.get("path") != arguments["path"]:
            platform.data.discard_import(Market.REAL, arguments)
    return job


async def _store_upload(request: Request, platform: Platform) -> tuple[Path, str]:
    """Write the uploaded files into a folder of their own, with the sub-folders the browser names.

    Beside it the SHA-256 of all names and contents, by which a key knows the same upload again.
    """
    form = await request.form(max_files=_MAX_FILES, max_fields=10)
    uploads = [item for item in form.getlist("files") if isinstance(item, UploadFile)]
    if not uploads:
        raise ValidationError("No file was sent in the field files", "files")
    folder = await run_in_threadpool(platform.data.upload_folder)
    try:
        total, content = 0, hashlib.sha256()
        for number, upload in enumerate(uploads):
            # a folder for each part: two of one name are two files
            target = folder / str(number) / _safe_relative(upload.filename or "file")
            target.parent.mkdir(parents=True, exist_ok=True)
            held = hashlib.sha256()
            with target.open("wb") as out:
                while part := await upload.read(_COPY_BYTES):
                    total += len(part)
                    if total > platform.settings.max_upload_bytes:
                        raise PayloadTooLargeError(
                            f"More than {platform.settings.max_upload_bytes} bytes: import the folder by its path"
                        )
                    held.update(part)
                    await run_in_threadpool(out.write, part)
            content.update(hashlib.sha256(str(target.relative_to(folder)).encode()).digest() + held.digest())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        await form.close()
    return folder, content.hexdigest()


def _safe_relative(name: str) -> Path:
    """The path a browser gives a file inside the chosen folder, kept inside ours."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    kept = [part for part in parts if part not in {"/", "..", "."} and ":" not in part]
    if not kept or any(len(part.encode()) > 200 or "\0" in part for part in kept):
        raise ValidationError(f"Not a file name: {name[:100]!r}", "files")
    return Path(*kept[-8:])


@router.get("/status", operation_id="data:status")
def status(platform: PlatformDep, market: MarketDep, session: MarketSessionDep) -> DataStatus:
    """What is stored: coverage by year, files, findings, the snapshot."""
    answer = platform.data.status(market, session)
    recent = [ImportedFile.model_validate(file, from_attributes=True) for file in answer.pop("recent_files")]
    return DataStatus(**answer, recent_files=recent)


@router.get("/findings", operation_id="data:findings")
def findings(
    platform: PlatformDep,
    session: MarketSessionDep,
    page: PageNumber = 1,
    limit: PageLimit = 50,
    rule: Annotated[str | None, Query(max_length=60)] = None,
    severity: Annotated[str | None, Query(pattern="^(refused|warning|note)$")] = None,
) -> FindingPage:
    """What was found in files and what was done about it, newest first."""
    rows, total, rules = platform.data.findings(session, page=page, limit=limit, rule=rule, severity=severity)
    meta = PageMeta(page=page, limit=limit, total=total, total_pages=total_pages(total, limit))
    data = [FindingOut.model_validate(row, from_attributes=True) for row in rows]
    return FindingPage(data=data, meta=meta, rules=rules)


@router.get("/snapshots", operation_id="data:snapshots")
def snapshots(
    platform: PlatformDep, session: MarketSessionDep, page: PageNumber = 1, limit: PageLimit = 50
) -> SnapshotPage:
    """Every state of the data that was served, the one seen last first, with what changed."""
    rows, total = platform.data.snapshots(session, page=page, limit=limit)
    meta = PageMeta(page=page, limit=limit, total=total, total_pages=total_pages(total, limit))
    return SnapshotPage(data=[SnapshotOut.model_validate(row) for row in rows], meta=meta)


@router.get("/coverage", operation_id="data:coverage")
def coverage(
    platform: PlatformDep,
    market: MarketDep,
    year: Annotated[int | None, Query(ge=1990, le=2100)] = None,
) -> Coverage:
    """The days of a year: stored, missing, thin, or not in the calendar; without a year, the last stored one."""
    return Coverage(**platform.data.coverage(market, year))


@router.get("/coverage/years", operation_id="data:coverage-years")
def coverage_years(platform: PlatformDep, market: MarketDep) -> list[CoverageYear]:
    """Every stored year month by month, oldest first; empty where nothing is stored."""
    return [CoverageYear(**year) for year in platform.data.coverage_years(market)]


@router.get("/provenance", operation_id="data:provenance")
def provenance(
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    symbol: Annotated[str, Query(min_length=1, max_length=40)],
    day: Annotated[date, Query(alias="date")],
) -> Provenance:
    """Where a bar comes from: file and line of the row that counts and of those that lost to it, and why."""
    return Provenance.model_validate(platform.data.provenance(market, session, symbol, day))


@router.post("/sample", operation_id="data:sample", status_code=202)
def make_sample(response: Response, platform: PlatformDep, idempotency_key: IdempotencyKey = None) -> JobAccepted:
    """Make the sample market in a database of its own and show it."""
    job = platform.jobs.submit("sample", Market.SAMPLE, {}, idempotency_key=idempotency_key)
    response.headers["Location"] = f"/api/jobs/{job.id}"
    return JobAccepted(job=job_out(job))


@router.get("/market", operation_id="data:market")
def get_market(platform: PlatformDep, _shown: MarketDep, session: SessionDep) -> MarketOut:
    """Which market is shown, and which have data."""
    return MarketOut(**platform.data.market_choice(session))


@router.put("/market", operation_id="data:choose-market")
def choose_market(request: Request, choice: MarketChoice, platform: PlatformDep, session: SessionDep) -> MarketOut:
    """Show the real or the sample market, on every screen."""
    platform.data.choose_market(session, Market(choice.market))
    answers_about(request, Market(choice.market))
    return MarketOut(**platform.data.market_choice(session))
