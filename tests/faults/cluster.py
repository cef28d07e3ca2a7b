"""What the fault tests need: a worker with its processes by their part, a file that blocks its reader, an audit."""

import errno
import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.utils import timezone

from analysis.models import (
    FINISHED,
    DetailStatus,
    Job,
    JobDetail,
    JobStatus,
    PriceHistory,
    RawData,
    Result,
    Stock,
)
from analysis.prices.demo_companies import COMPANIES
from analysis.prices.instruments import exchange_of
from analysis.prices.sessions import last_closed_session
from tests.processes import children_of, is_running, manage, wait_for

LEASE_SECONDS = 8
LONG_LEASE = "24"  # for tests in which none may run out, however slow the machine is
TICKERS = [company.ticker for company in COMPANIES if company.source == "up" and company.listed_sessions is None][:12]
BLOCKED = "BLOCKED.NS"


@dataclass(frozen=True)
class Cluster:
    """The processes of one `manage.py worker` with two worker processes, by their part."""

    supervisor: int

    @property
    def family(self) -> set[int]:
        return children_of(self.supervisor)

    @property
    def guard(self) -> int:
        return min(_children(self.supervisor))

    @property
    def parent(self) -> int:
        """The process that `qcluster` started as."""
        return min(_children(self.guard))

    @property
    def sentinel(self) -> int:
        return min(_children(self.parent))

    @property
    def workers(self) -> list[int]:
        """django-q2 starts its workers first, then the monitor, then the pusher."""
        return sorted(_children(self.sentinel))[:2]

    @property
    def monitor(self) -> int:
        return sorted(_children(self.sentinel))[2]

    def is_whole(self) -> bool:
        try:
            return len(self.family) >= 7 and len(_children(self.sentinel)) >= 4
        except ValueError:  # what has no children, or none left
            return False

    def is_idle(self) -> bool:
        """Whether a worker process waits for a message, and so keeps the lock without which the others cannot."""
        return self.is_whole() and reads_a_pipe(self.workers)


def reads_a_pipe(pids: list[int]) -> bool:
    """Whether one of these processes stands still until something is written to it."""
    return any("pipe_read" in _waits_in(pid) for pid in pids)


def _waits_in(pid: int) -> str:
    """The kernel function that a process stands still in; empty for one that is gone."""
    try:
        return Path(f"/proc/{pid}/wchan").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _children(pid: int) -> set[int]:
    family = children_of(pid)
    return {child for child in family if _parent(child) == pid}


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


@contextmanager
def worker(folder: Path, **env: str) -> Iterator[Cluster]:
    """A worker that reads prices from `folder`/csv and has short leases; nothing of it may live on afterwards."""
    (folder / "csv").mkdir(exist_ok=True, parents=True)
    given = {"LEASE_SECONDS": str(LEASE_SECONDS), "CSV_PRICES_DIR": str(folder / "csv"), "WORKERS": "2", **env}
    with manage("worker", folder=folder, **given) as process:
        cluster = Cluster(process.pid)
        wait_for(cluster.is_whole)
        first = cluster.family
        yield cluster
        family = first | cluster.family
    wait_for(lambda: not [pid for pid in family if is_running(pid)])


class Gate:
    """A price file that blocks whoever opens it, so that a process stands still at a known point."""

    def __init__(self, folder: Path, ticker: str = BLOCKED) -> None:
        (folder / "csv").mkdir(exist_ok=True, parents=True)
        self.path = folder / "csv" / f"{ticker}.csv"
        self.pipe = folder / f"{ticker}.pipe"
        os.mkfifo(self.path)
        self.pipe.hardlink_to(self.path)

    def wait_for(self, attempts: int = 1, ticker: str = BLOCKED) -> int:
        """The pid of the process that stands before the gate in this attempt or a later one, once one does."""

        def standing() -> int | None:
            pid = _holder(ticker, attempts)
            return pid if pid and _waits_in(pid) in {"wait_for_partner", "fifo_open"} else None

        return wait_for(standing) or 0

    def open_for_good(self) -> None:
        """Put a file in the gate's place; who stands before the gate stands on."""
        file = self.path.with_suffix(".new")
        file.write_text(PRICES)
        file.replace(self.path)

    def let_through(self) -> None:
        """Let who stands before the gate read its file; nobody may, where its process has been ended meanwhile."""
        try:
            descriptor = os.open(self.pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        else:
            os.write(descriptor, PRICES.encode())
            os.close(descriptor)


PRICES = "date,open,high,low,close,volume\n" + "".join(
    f"2026-{1 + n // 28:02}-{1 + n % 28:02},10,11,9,{10 + n % 7 / 10},1000\n" for n in range(120)
)


def holder_of(ticker: str, attempts: int = 1) -> int:
    """The pid of the process that holds the lease of a stock in this attempt or a later one, as soon as one does."""
    return wait_for(lambda: _holder(ticker, attempts)) or 0


def _holder(ticker: str, attempts: int) -> int | None:
    held = JobDetail.objects.filter(stock=ticker, status=DetailStatus.PROCESSING, attempts__gte=attempts)
    name = held.values_list("holder", flat=True).first()
    return int(name.rpartition(":")[2]) if name else None


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def kill_all(pids: Iterable[int]) -> None:
    """Kill these processes, of which the death of one may be the end of another."""
    for pid in pids:
        with suppress(ProcessLookupError):
            kill(pid)


def ended(job: Job) -> bool:
    return Job.objects.get(pk=job.pk).status in FINISHED


def store_fresh_bars(tickers: list[str]) -> None:
    """Give these stocks a demo company's bars as fresh ones of the CSV source, so that nothing is fetched."""
    model = PriceHistory.objects.get(stock=TICKERS[0])
    day = last_closed_session(exchange_of(tickers[0]), timezone.now())
    Stock.objects.bulk_create([Stock(ticker=ticker) for ticker in tickers], batch_size=500)
    fields = {f.attname: getattr(model, f.attname) for f in PriceHistory._meta.concrete_fields if f.attname != "id"}
    fields |= {"source": "csv", "last_session": day}
    PriceHistory.objects.bulk_create(
        [PriceHistory(**{**fields, "stock_id": ticker}) for ticker in tickers], batch_size=200
    )


@contextmanager
def audit() -> Iterator[None]:
    """Triggers that write down every write of a result and every end of a job, whoever does it."""
    with connection.cursor() as cursor:
        for statement in AUDIT[connection.vendor]:
            cursor.execute(statement)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for statement in UNDO[connection.vendor]:
                cursor.execute(statement)


def audited(what: str) -> Counter[tuple[str, str]]:
    """How often something was written, by job and, for results, stock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT job, stock FROM audit WHERE what = %s", [what])
        return Counter((str(job).replace("-", ""), stock) for job, stock in cursor.fetchall())


IS_END = "OLD.status IN ('queued', 'processing') AND NEW.status NOT IN ('queued', 'processing')"
RESULT = "INSERT INTO audit VALUES ('result', NEW.job_id, NEW.stock_id);"
END = "INSERT INTO audit VALUES ('end', NEW.id, '');"
EACH = "FOR EACH ROW"
AUDIT = {
    "sqlite": [
        "CREATE TABLE audit (what text, job text, stock text)",
        f"CREATE TRIGGER audit_insert AFTER INSERT ON analysis_result BEGIN {RESULT} END",
        f"CREATE TRIGGER audit_update AFTER UPDATE ON analysis_result BEGIN {RESULT} END",
        f"CREATE TRIGGER audit_end AFTER UPDATE ON analysis_job WHEN {IS_END} BEGIN {END} END",
    ],
    "postgresql": [
        "CREATE TABLE audit (what text, job text, stock text)",
        f"CREATE FUNCTION audit_result() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {RESULT} RETURN NULL; END $$",
        f"CREATE FUNCTION audit_end() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {END} RETURN NULL; END $$",
        f"CREATE TRIGGER audit_result AFTER INSERT OR UPDATE ON analysis_result {EACH} EXECUTE FUNCTION audit_result()",
        f"CREATE TRIGGER audit_end AFTER UPDATE ON analysis_job {EACH} WHEN ({IS_END}) EXECUTE FUNCTION audit_end()",
    ],
}
UNDO = {
    "sqlite": [
        "DROP TRIGGER audit_insert",
        "DROP TRIGGER audit_update",
        "DROP TRIGGER audit_end",
        "DROP TABLE audit",
    ],
    "postgresql": [
        "DROP FUNCTION audit_result() CASCADE",
        "DROP FUNCTION audit_end() CASCADE",
        "DROP TABLE audit",
    ],
}


def assert_all_is_well(*jobs: Job, failed: tuple[str, ...] = ()) -> None:
    """The whole final state: rows final, effects once, one end, counters equal to rows, stocks true, no lease."""
    results, ends = audited("result"), audited("end")
    assert not JobDetail.objects.filter(status__in=(DetailStatus.QUEUED, DetailStatus.PROCESSING)).exists()
    assert not JobDetail.objects.filter(lease_token__isnull=False).exists()
    for job in jobs:
        job.refresh_from_db()
        key = job.pk.hex
        rows = {detail.stock_id: detail for detail in job.details.select_related("stock")}
        statuses = Counter(detail.status for detail in rows.values())
        assert ends[key, ""] == 1
        assert (job.completed_count, job.failed_count) == (statuses["completed"], statuses["failed"])
        assert job.total == len(rows)
        assert {ticker for ticker, detail in rows.items() if detail.status == DetailStatus.FAILED} == set(failed)
        if job.status != JobStatus.CANCELLED:
            assert statuses["completed"] + statuses["failed"] == job.total
        for ticker, detail in rows.items():
            if detail.status == DetailStatus.COMPLETED:
                assert results[key, ticker] == 1
                assert detail.result_id == detail.stock.last_result_id
                assert RawData.objects.filter(pk=detail.result_id).exists()
            if detail.stock.last_job_id == job.pk:
                assert (detail.stock.last_status, detail.stock.last_error) == (detail.status, detail.error_message)
    completed = JobDetail.objects.filter(status=DetailStatus.COMPLETED).values("stock").distinct().count()
    assert Result.objects.completed().count() == completed
