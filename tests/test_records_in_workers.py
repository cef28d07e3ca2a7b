"""Track records in real worker processes: after a bulk job, and through a kill in the middle."""

import os
import signal
from pathlib import Path

import pytest
from django_q.models import OrmQ

from analysis.engine.record_summary import summarize
from analysis.engine.strategies import STRATEGIES
from analysis.engine.track_record import TrackRecord, track_record
from analysis.histories import bars_of_record
from analysis.jobs.submit import submit
from analysis.models import Job, PriceHistory, Source, StrategyRecord, Worker
from analysis.prices.demo_companies import COMPANIES
from analysis.tests.make import make_finished_job
from analysis.tests.test_records import approximate
from analysis.track_records.refresh import compute_records, request_records
from tests.faults.cluster import store_fresh_bars
from tests.processes import manage, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
TICKERS = [company.ticker for company in COMPANIES if company.source == "up"]
LEASE_SECONDS = "8"
STOCKS = 300  # which take the records several times as long as one stock


def are_done() -> bool:
    rows = StrategyRecord.objects.filter(strategy__in=STRATEGIES, computed_at__isnull=False, requested_at__isnull=True)
    return rows.count() == len(STRATEGIES)


def summaries() -> dict[str, object]:
    return dict(StrategyRecord.objects.values_list("strategy", "summary"))


def test_a_bulk_job_ends_and_its_records_follow(tmp_path: Path) -> None:
    job = submit(TICKERS, source=Source.BULK).job
    with manage("worker", folder=tmp_path):
        wait_for(are_done)
        wait_for(lambda: not OrmQ.objects.exists())
    job.refresh_from_db()
    assert (job.completed_count + job.failed_count, job.is_active) == (len(TICKERS), False)
    found = {record.strategy: record for record in StrategyRecord.objects.all()}
    assert {record.lease_token for record in found.values()} == {None}
    assert {record.stocks for record in found.values()} == {len(TICKERS)}
    assert job.completed_at is not None
    assert all(record.computed_at and record.computed_at > job.completed_at for record in found.values())
    for key, record in found.items():
        assert record.computed_at is not None
        stored = PriceHistory.objects.order_by("stock_id")
        checked = [bars_of_record(history, record.computed_at) for history in stored]
        records = [track_record(some.bars, STRATEGIES[key], breaks=some.breaks) for some in checked]
        assert record.summary == approximate(summarize(TrackRecord.merged(records)).as_dict())


def test_a_stock_does_not_wait_for_the_records_though_there_is_one_process(tmp_path: Path) -> None:
    make_finished_job(*TICKERS[:12])
    store_fresh_bars([f"S{n:04}.NS" for n in range(STOCKS)])
    request_records()
    with manage("worker", folder=tmp_path, WORKERS="1", CSV_PRICES_DIR=str(tmp_path)):
        wait_for(lambda: StrategyRecord.objects.filter(lease_token__isnull=False).exists())
        job = submit(["S0000.NS"], source=Source.WATCHLIST).job
        wait_for(lambda: not Job.objects.get(pk=job.pk).is_active)
        job.refresh_from_db()
        wait_for(are_done)
    first_done = min(record.computed_at for record in StrategyRecord.objects.all() if record.computed_at)
    assert job.completed_at
    assert job.completed_at < first_done
    assert {record.stocks for record in StrategyRecord.objects.all()} == {STOCKS}


def test_a_worker_killed_while_it_computes_records_is_followed_by_one_that_ends_them(tmp_path: Path) -> None:
    make_finished_job(*TICKERS[:12])
    store_fresh_bars([f"S{n:04}.NS" for n in range(STOCKS)])
    compute_records()
    whole = summaries()
    StrategyRecord.objects.update(summary=None, computed_at=None)
    request_records()
    given = {"LEASE_SECONDS": LEASE_SECONDS, "WORKERS": "2", "CSV_PRICES_DIR": str(tmp_path)}
    with manage("worker", folder=tmp_path, **given) as worker:
        wait_for(lambda: StrategyRecord.objects.filter(lease_token__isnull=False).exists())
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    assert not are_done()
    Worker.objects.all().delete()
    with manage("worker", folder=tmp_path, **given):
        wait_for(are_done)
    assert summaries() == whole
    assert set(StrategyRecord.objects.values_list("stocks", "cursor", "partial")) == {(STOCKS, "", None)}
