"""Jobs on the real queue: done once, found again after a death, cancelled at a safe point."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from procrastinate.manager import JobManager
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database import Database, Market
from app.exceptions import ConflictError, DataNotFoundError, ValidationError
from app.models import Job, JobState
from app.repositories.jobs import JobRepository, release_claim, try_claim
from app.services.jobs.context import Handler, JobContext
from app.services.jobs.service import JobService
from app.services.jobs.worker import MAX_ATTEMPTS, Worker
from app.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with Database(settings) as database:
        yield database


@pytest.fixture
def jobs(database: Database) -> JobService:
    return JobService(database)


def work(
    database: Database,
    jobs: JobService,
    handlers: dict[str, Handler],
    until: list[uuid.UUID],
    then: Callable[[], None] = lambda: None,
) -> list[Any]:
    """Run a worker until these jobs have ended; the jobs as they stand then. `then` is called before it is stopped."""

    async def go() -> list[Any]:
        worker = Worker(database, jobs, handlers)
        await worker.start()
        try:
            return [await asyncio.to_thread(jobs.wait, job_id, 20.0) for job_id in until]
        finally:
            then()
            await worker.stop()

    return asyncio.run(go())


def test_a_job_runs_and_keeps_its_result_progress_and_log(database: Database, jobs: JobService) -> None:
    def double(context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        context.log("info", "begun")
        context.progress(0.5, "half way")
        context.log("warning", "odd")
        return {"answer": arguments["n"] * 2}

    job = jobs.submit("double", Market.REAL, {"n": 21})
    assert job.state == JobState.QUEUED
    [done] = work(database, jobs, {"double": double}, [job.id])
    assert (done.state, done.result, done.progress) == (JobState.SUCCEEDED, {"answer": 42}, 1.0)
    with database.transaction(Market.REAL) as session:
        events = jobs.events(session, job.id)
    assert [(event.seq, event.level, event.message) for event in events] == [
        (1, "info", "begun"),
        (2, "warning", "odd"),
    ]


def test_an_error_meant_for_people_is_kept_and_a_crash_hides_its_cause(database: Database, jobs: JobService) -> None:
    def refuse(_: JobContext, __: dict[str, Any]) -> dict[str, Any]:
        raise ValidationError("the file is cut short", "path")

    def crash(_: JobContext, __: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("password=secret")

    ids = [jobs.submit(kind, Market.REAL, {}).id for kind in ("refuse", "crash")]
    refused, crashed = work(database, jobs, {"refuse": refuse, "crash": crash}, ids)
    assert (refused.state, refused.error["code"]) == (JobState.FAILED, "VALIDATION_ERROR")
    assert refused.error["message"] == "the file is cut short"
    assert (crashed.state, crashed.error["code"]) == (JobState.FAILED, "INTERNAL_ERROR")
    assert "secret" not in str(crashed.error)


def test_a_job_whose_worker_died_is_run_again(database: Database, jobs: JobService) -> None:
    job = jobs.submit("count", Market.REAL, {})
    with database.transaction(Market.REAL) as session:
        # what a killed process leaves: the job marked running, nothing in the queue, nobody holding the claim
        JobRepository(session).start(job.id)
        session.execute(text("DELETE FROM procrastinate.procrastinate_jobs"))
    [done] = work(database, jobs, {"count": lambda _context, _arguments: {"ran": True}}, [job.id])
    assert (done.state, done.attempts) == (JobState.SUCCEEDED, 2)


def test_a_job_that_keeps_killing_its_worker_ends(database: Database, jobs: JobService) -> None:
    job = jobs.submit("deadly", Market.REAL, {})
    with database.transaction(Market.REAL) as session:
        for _ in range(MAX_ATTEMPTS):
            JobRepository(session).start(job.id)
    ran = []
    [done] = work(database, jobs, {"deadly": lambda *_: ran.append(1) or {}}, [job.id])
    assert (done.state, ran) == (JobState.FAILED, [])


def test_a_worker_that_loses_the_first_word_to_stop_ends_all_the_same(
    database: Database, jobs: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is stopped while its worker is made known to the queue: the pool ate the cancelling there."""
    register = JobManager.register_worker

    async def deaf(self: JobManager) -> int:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        return await register(self)

    async def go() -> bool:
        worker = Worker(database, jobs, {})
        await worker.start()
        await asyncio.sleep(0.2)
        stopping = asyncio.create_task(worker.stop())
        ended, _ = await asyncio.wait({stopping}, timeout=20.0)
        return bool(ended)

    monkeypatch.setattr(JobManager, "register_worker", deaf)
    monkeypatch.setattr("app.services.jobs.worker._TOLD_AGAIN_SECONDS", 1.0)
    assert asyncio.run(go())


def test_a_job_that_another_process_works_on_is_left_to_it(database: Database, jobs: JobService) -> None:
    ran = []
    worker = Worker(database, jobs, {"count": lambda *_: ran.append(1) or {}})
    job = jobs.submit("count", Market.REAL, {})
    with database.engine(Market.REAL).connect() as other:
        assert try_claim(other, job.id)
        worker.run(job.id)
        assert ran == []
        release_claim(other, job.id)
    worker.run(job.id)
    worker.run(job.id)  # handed out twice: the second finds it done
    assert ran == [1]


def test_a_queued_job_is_cancelled_at_once_and_never_runs(database: Database, jobs: JobService) -> None:
    ran = []
    job = jobs.submit("count", Market.REAL, {})
    with database.transaction(Market.REAL) as session:
        assert jobs.cancel(session, job.id).state == JobState.CANCELLED
    last = jobs.submit("last", Market.REAL, {})
    work(database, jobs, {"count": lambda *_: ran.append(1) or {}, "last": lambda *_: {}}, [last.id])
    assert ran == []


def test_a_running_job_stops_at_its_next_safe_point(database: Database, jobs: JobService) -> None:
    begun = threading.Event()

    def endless(context: JobContext, _: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        for _step in range(200):
            context.check_cancelled()
            threading.Event().wait(0.05)
        return {}

    job = jobs.submit("endless", Market.REAL, {})

    def cancel() -> None:
        assert begun.wait(10)
        with database.transaction(Market.REAL) as session:
            jobs.cancel(session, job.id)

    canceller = threading.Thread(target=cancel)
    canceller.start()
    [done] = work(database, jobs, {"endless": endless}, [job.id])
    canceller.join()
    assert done.state == JobState.CANCELLED


@pytest.mark.parametrize("asked_before", [True, False])
def test_a_job_that_was_asked_to_stop_never_ends_with_a_result_and_one_that_stores_it_says_so(
    database: Database, jobs: JobService, asked_before: bool
) -> None:
    """The cancel comes in the moment before the job stores its result, or in the moment after it began to."""
    computed, asked, stored = threading.Event(), threading.Event(), []

    def computes(context: JobContext, _: dict[str, Any]) -> dict[str, Any]:
        if not asked_before:
            context.begin_storing()
        computed.set()
        assert asked.wait(10)
        context.begin_storing()
        stored.append(1)
        return {"answer": 42}

    job = jobs.submit("computes", Market.REAL, {})
    answered: list[str] = []

    def cancel() -> None:
        assert computed.wait(10)
        for _ in range(2):  # twice is once
            try:
                with database.transaction(Market.REAL) as session:
                    answered.append(f"{jobs.cancel(session, job.id).cancel_requested}")
            except ConflictError as error:
                answered.append(error.message)
        asked.set()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    [done] = work(database, jobs, {"computes": computes}, [job.id])
    canceller.join()
    if asked_before:
        assert (done.state, done.result, stored, answered) == (JobState.CANCELLED, None, [], ["True"] * 2)
    else:
        late = "It is too late to cancel: the job stores its result"
        assert (done.state, done.result, stored, answered) == (JobState.SUCCEEDED, {"answer": 42}, [1], [late] * 2)
        with database.transaction(Market.REAL) as session, pytest.raises(ConflictError, match="has ended: SUCCEEDED"):
            jobs.cancel(session, job.id)


def test_a_handler_that_stores_nothing_itself_does_not_outlive_its_cancelling(
    database: Database, jobs: JobService
) -> None:
    begun, asked = threading.Event(), threading.Event()

    def deaf(_: JobContext, __: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        assert asked.wait(10)
        return {"answer": 42}

    job = jobs.submit("deaf", Market.REAL, {})

    def cancel() -> None:
        assert begun.wait(10)
        with database.transaction(Market.REAL) as session:
            jobs.cancel(session, job.id)
        asked.set()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    [done] = work(database, jobs, {"deaf": deaf}, [job.id])
    canceller.join()
    assert (done.state, done.result) == (JobState.CANCELLED, None)


def test_a_job_cancelled_in_a_server_that_died_does_not_begin_again_and_leaves_nothing(database: Database) -> None:
    taken: list[dict[str, Any]] = []
    jobs = JobService(database, {"slow": lambda job: taken.append(job.arguments)})
    job = jobs.submit("slow", Market.REAL, {"n": 1})
    with database.transaction(Market.REAL) as session:
        JobRepository(session).start(job.id)
    with database.transaction(Market.REAL) as session:
        jobs.cancel(session, job.id)
    ran: list[int] = []
    [done] = work(database, jobs, {"slow": lambda *_: ran.append(1) or {}}, [job.id])
    assert (done.state, ran, taken) == (JobState.CANCELLED, [], [{"n": 1}])


def test_a_job_whose_server_died_while_it_stored_can_be_cancelled_when_it_runs_again(
    database: Database, jobs: JobService
) -> None:
    begun = threading.Event()

    def endless(context: JobContext, _: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        for _step in range(200):
            context.check_cancelled()
            threading.Event().wait(0.05)
        return {}

    job = jobs.submit("endless", Market.REAL, {})
    with database.transaction(Market.REAL) as session:
        JobRepository(session).start(job.id)
        assert JobRepository(session).begin_storing(job.id)

    def cancel() -> None:
        assert begun.wait(10)
        with database.transaction(Market.REAL) as session:
            jobs.cancel(session, job.id)

    canceller = threading.Thread(target=cancel)
    canceller.start()
    [done] = work(database, jobs, {"endless": endless}, [job.id])
    canceller.join()
    assert done.state == JobState.CANCELLED


def test_one_job_answers_all_who_ask_the_same_at_once_until_it_is_asked_to_stop(
    database: Database, jobs: JobService
) -> None:
    def ask(_: int) -> uuid.UUID:
        return jobs.submit("verify", Market.REAL, {"id": "a", "n": 1}, once="id").id

    with ThreadPoolExecutor(8) as pool:
        [only] = set(pool.map(ask, range(24)))
    assert jobs.submit("verify", Market.REAL, {"id": "b", "n": 1}, once="id").id != only
    with database.transaction(Market.REAL) as session:
        JobRepository(session).start(only)
        jobs.cancel(session, only)
    assert ask(0) != only


def test_the_same_idempotency_key_gives_the_first_job_again(jobs: JobService) -> None:
    first = jobs.submit("import", Market.REAL, {"path": "/a"}, idempotency_key="k")
    assert jobs.submit("import", Market.REAL, {"path": "/a"}, idempotency_key="k").id == first.id
    with pytest.raises(ConflictError):
        jobs.submit("import", Market.REAL, {"path": "/b"}, idempotency_key="k")


def test_a_key_of_a_cancelled_job_asks_again(database: Database, jobs: JobService) -> None:
    """It did nothing: answering CANCELLED for ever would keep the request from ever being done."""
    first = jobs.submit("import", Market.REAL, {"path": "/a"}, idempotency_key="k")
    with database.transaction(Market.REAL) as session:
        jobs.cancel(session, first.id)
    with ThreadPoolExecutor(4) as pool:  # whoever comes at the same time gets the same job
        again = {job.id for job in pool.map(
            lambda _: jobs.submit("import", Market.REAL, {"path": "/a"}, idempotency_key="k"), range(8))}  # fmt: skip
    assert len(again) == 1 and first.id not in again
    with pytest.raises(ConflictError):
        jobs.submit("import", Market.REAL, {"path": "/b"}, idempotency_key="k")
    [done] = work(database, jobs, {"import": lambda *_: {"read": 1}}, [*again])
    assert done.state == JobState.SUCCEEDED
    assert jobs.submit("import", Market.REAL, {"path": "/a"}, idempotency_key="k").id == done.id


def test_jobs_of_ones_own_strategies_have_places_of_their_own_and_keep_them_when_queued_again(
    database: Database, jobs: JobService
) -> None:
    """Five that do not end hold two places; the others are worked on, and after a restart it is the same."""
    let_go, at_work = threading.Event(), []

    def holds(_: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        at_work.append(arguments)
        assert let_go.wait(30)
        return {}

    for n in range(5):
        jobs.submit("holds", Market.REAL, {"n": n}, own=True)
    plain = [jobs.submit("plain", Market.REAL, {"n": n}) for n in range(6)]

    def freed(_: JobContext, __: dict[str, Any]) -> dict[str, Any]:
        return {"at_work": len(at_work)}

    with database.transaction(Market.REAL) as session:
        session.execute(text("DELETE FROM procrastinate.procrastinate_jobs"))  # what a killed process leaves to do
    done = work(database, jobs, {"holds": holds, "plain": freed}, [job.id for job in plain], then=let_go.set)
    assert [job.state for job in done] == [JobState.SUCCEEDED] * 6
    assert max(job.result["at_work"] for job in done) <= 2
    assert all(one["own"] is True for one in at_work)


def test_waiting_ends_when_the_time_is_up(jobs: JobService) -> None:
    job = jobs.submit("nobody", Market.REAL, {})
    assert jobs.wait(job.id, 0.1).state == JobState.QUEUED


def test_an_unknown_job_is_not_found(database: Database, jobs: JobService) -> None:
    with database.transaction(Market.REAL) as session, pytest.raises(DataNotFoundError):
        jobs.get(session, uuid.uuid4())


def test_a_key_is_kept_where_the_job_at_work_is_the_answer_and_refused_for_another_request(jobs: JobService) -> None:
    def ask(name: str, key: str | None = None) -> uuid.UUID:
        return jobs.submit("verify", Market.REAL, {"id": name}, once="id", idempotency_key=key).id

    first = ask("a")
    assert ask("a", "k") == first
    with pytest.raises(ConflictError, match="another request"):
        ask("b", "k")
    ask("b")
    with pytest.raises(ConflictError, match="another request"):  # though a job for it is at work
        ask("b", "k")


def test_a_key_of_a_job_that_was_asked_to_stop_asks_again(database: Database, jobs: JobService) -> None:
    """A job that was asked never ends with a result: nobody is told to wait for it."""
    first = jobs.submit("import", Market.REAL, {"path": "/a"}, idempotency_key="k")
    with database.transaction(Market.REAL) as session:
        JobRepository(session).start(first.id)
        jobs.cancel(session, first.id)
    again = jobs.submit("import", Market.REAL, {"path": "/a"}, idempotency_key="k")
    assert again.id != first.id
    assert jobs.submit("import", Market.REAL, {"path": "/a"}, idempotency_key="k").id == again.id


def test_a_key_that_was_answered_without_a_job_starts_one_alone(jobs: JobService) -> None:
    jobs.answered("backtest", Market.REAL, {"spec": {}}, "k")
    first = jobs.submit("backtest", Market.REAL, {"spec": {}}, idempotency_key="k")
    assert jobs.submit("backtest", Market.REAL, {"spec": {}}, idempotency_key="k").id == first.id


def test_who_waits_for_the_database_keeps_nobody_from_telling_of_an_end(
    jobs: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, asking, go_on = jobs.submit("slow", Market.REAL, {}), threading.Event(), threading.Event()
    get = JobService.get

    def slow(self: JobService, session: Session, job_id: uuid.UUID) -> Job:
        found = get(self, session, job_id)
        asking.set()
        assert go_on.wait(20)
        return found

    monkeypatch.setattr(JobService, "get", slow)
    waiting = threading.Thread(target=jobs.wait, args=(job.id, 0.0))
    telling = threading.Thread(target=jobs.announce_finished)
    waiting.start()
    assert asking.wait(20)
    telling.start()
    telling.join(5)
    blocked = telling.is_alive()
    go_on.set()
    waiting.join(20)
    telling.join(20)
    assert not blocked


def test_an_end_between_the_question_and_the_waiting_is_not_missed(
    database: Database, jobs: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = jobs.submit("quick", Market.REAL, {})
    get, ended = JobService.get, []

    def then_it_ends(self: JobService, session: Session, job_id: uuid.UUID) -> Job:
        found = get(self, session, job_id)
        if not ended:
            ended.append(found.state)
            with database.transaction(Market.REAL) as other:
                JobRepository(other).finish(job_id, JobState.SUCCEEDED, result={})
            telling = threading.Thread(target=self.announce_finished)
            telling.start()
            telling.join(1.0)
        return found

    monkeypatch.setattr(JobService, "get", then_it_ends)
    monkeypatch.setattr("app.services.jobs.service._POLL_SECONDS", 60.0)
    began = time.monotonic()
    assert jobs.wait(job.id, 60.0).state == JobState.SUCCEEDED
    assert ended == [JobState.QUEUED] and time.monotonic() - began < 30.0
