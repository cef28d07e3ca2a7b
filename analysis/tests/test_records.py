"""Track records of the installation: computed from stored bars, in parts, by whoever holds the lease."""

import json
import os
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from analysis.background import PLACE
from analysis.engine.record_summary import summarize
from analysis.engine.series import SeriesCache
from analysis.engine.significance.family import Judgement
from analysis.engine.stock_record import StockRecord
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.strategy_record import RecordsChanged, StockRecords, StrategyMeasurement, judge_strategies
from analysis.engine.track_record import TrackRecord, track_record
from analysis.engine.verdict import Side
from analysis.engine.version import ENGINE_VERSION
from analysis.histories import bars_of_record
from analysis.models import PriceHistory, Source, StrategyRecord, Worker
from analysis.prices.arrow import pack_bars
from analysis.tests.engine_bars import random_bars
from analysis.tests.make import make_finished_job, make_job, make_user
from analysis.tests.test_commands import run
from analysis.timing import TIMING
from analysis.track_records.batch import RecordBatch
from analysis.track_records.refresh import compute_records, may_request_records, refresh, request_records
from analysis.track_records.store import read_stock_record, write_stock_record
from analysis.worker.recover import recover
from analysis.worker.slice import run_job

pytestmark = pytest.mark.django_db

KEY = TECHNICAL_RATING.key
STOCKS = ("KAVERI.DEMO", "B&D.DEMO", "QUILLMERE.DEMO")


def computed() -> StrategyRecord:
    return next(row for row in compute_records() if row.strategy == KEY)


def approximate(stored: object) -> object:
    """Expect these numbers to six digits: outcomes are stored in single precision."""
    if isinstance(stored, dict):
        return {name: approximate(value) for name, value in stored.items()}
    if isinstance(stored, list | tuple):
        return [approximate(value) for value in stored]
    return pytest.approx(stored, rel=1e-5, abs=2e-6) if isinstance(stored, float) else stored


def wanted(key: str = KEY) -> StrategyRecord:
    request_records()
    OrmQ.objects.all().delete()
    return StrategyRecord.objects.get(strategy=key)


def test_it_is_the_merged_record_of_every_stored_history() -> None:
    make_finished_job(*STOCKS)
    wanted()
    assert refresh()
    now = timezone.now()
    histories = PriceHistory.objects.all()
    merged = TrackRecord.merged(track_record(bars_of_record(history, now).bars) for history in histories)
    row = StrategyRecord.objects.get(strategy=KEY)
    assert row.summary == approximate(summarize(merged).as_dict())
    assert (row.stocks, row.left_out, row.price_source) == (3, 0, "demo")
    assert row.as_of == max(history.last_session for history in histories)
    assert row.computed_at is not None
    assert not row.is_refreshing


@pytest.mark.parametrize("source", [Source.BULK, Source.DEMO, Source.SCHEDULE])
def test_a_bulk_job_that_ends_asks_for_every_record_anew(source: Source) -> None:
    make_finished_job("KAVERI.DEMO", source=source)
    assert set(StrategyRecord.objects.filter(requested_at__isnull=False).values_list("strategy", flat=True)) == {
        *STRATEGIES
    }
    assert OrmQ.objects.count() == 1


def test_other_jobs_and_questions_about_the_past_ask_for_none() -> None:
    make_finished_job("KAVERI.DEMO")
    make_finished_job("KAVERI.DEMO", source=Source.BULK, as_of=timezone.localdate() - timedelta(days=30))
    assert not StrategyRecord.objects.exists()


def test_a_message_that_comes_twice_or_unasked_computes_nothing() -> None:
    make_finished_job("KAVERI.DEMO")
    assert not refresh()
    wanted()
    assert refresh()
    assert not refresh()


def test_one_process_computes_at_a_time() -> None:
    make_finished_job("KAVERI.DEMO")
    row = wanted()
    StrategyRecord.objects.update(lease_token="0" * 32, lease_until=timezone.now() + TIMING.lease)
    assert not refresh()
    StrategyRecord.objects.update(lease_until=timezone.now() - TIMING.lease)
    assert refresh()
    assert row.summary is None


def test_a_refresh_whose_time_is_spent_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.track_records.batch.STOCKS_AT_ONCE", 1)
    make_finished_job(*STOCKS)
    computed()
    whole = StrategyRecord.objects.get(strategy=KEY).summary
    wanted()
    assert not refresh(seconds=0)
    row = StrategyRecord.objects.get(strategy=KEY)
    assert (row.cursor, row.lease_token, row.is_refreshing) == ("B&D.DEMO", None, True)
    assert row.partial
    assert row.partial["measured"] is None
    assert OrmQ.objects.count() == 1
    assert refresh()
    row.refresh_from_db()
    assert (row.summary, row.cursor, row.partial) == (whole, "", None)


def test_a_job_that_waits_is_given_way_to_after_one_stock() -> None:
    make_finished_job(*STOCKS)
    computed()
    whole = StrategyRecord.objects.get(strategy=KEY).summary
    row = wanted()
    job = make_job("KAVERI.DEMO")
    for stocks, cursor in enumerate(sorted(STOCKS), start=1):
        assert not refresh()
        row.refresh_from_db()
        assert (row.cursor, OrmQ.objects.count()) == (cursor, stocks)
    run_job(str(job.pk))
    assert refresh()
    row.refresh_from_db()
    assert (row.summary, row.is_refreshing) == (whole, False)


def test_a_record_that_rested_long_behind_jobs_is_woken_and_not_computed_twice() -> None:
    make_finished_job(*STOCKS)
    wanted()
    assert not refresh(seconds=0)
    StrategyRecord.objects.update(requested_at=F("requested_at") - 2 * TIMING.lease)
    partial = StrategyRecord.objects.get(strategy=KEY).partial
    assert partial
    partial["wanted"] = (datetime.fromisoformat(partial["wanted"]) - 2 * TIMING.lease).isoformat()
    StrategyRecord.objects.update(partial=partial)
    assert recover().woken == len(STRATEGIES)
    OrmQ.objects.all().delete()
    assert refresh()
    assert not StrategyRecord.objects.filter(requested_at__isnull=False).exists()


def test_a_worker_that_stops_keeps_what_it_has() -> None:
    make_finished_job("KAVERI.DEMO")
    wanted()
    Worker.objects.create(host=PLACE, pid=1, group=os.getpgrp(), is_stopping=True)
    assert not refresh()
    assert StrategyRecord.objects.get(strategy=KEY).cursor == "KAVERI.DEMO"


def test_one_that_is_wanted_again_meanwhile_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    make_finished_job("KAVERI.DEMO")
    wanted()
    results = RecordBatch.results

    def results_and_want(self: RecordBatch) -> dict[str, dict[str, Any]]:
        StrategyRecord.objects.update(requested_at=timezone.now())
        return results(self)

    monkeypatch.setattr(RecordBatch, "results", results_and_want)
    assert refresh()
    assert StrategyRecord.objects.get(strategy=KEY).is_refreshing
    assert OrmQ.objects.count() == 1


def test_one_that_is_wanted_again_while_it_rests_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first part saw of the stocks may be older than the second request."""
    monkeypatch.setattr("analysis.track_records.batch.STOCKS_AT_ONCE", 1)
    make_finished_job(*STOCKS)
    wanted()
    assert not refresh(seconds=0)
    row = wanted()
    assert refresh()
    row.refresh_from_db()
    assert (row.stocks, row.is_refreshing, OrmQ.objects.count()) == (3, True, 1)
    assert refresh()
    row.refresh_from_db()
    assert (row.stocks, row.is_refreshing) == (3, False)


def test_what_another_engine_gathered_is_not_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.track_records.batch.STOCKS_AT_ONCE", 1)
    make_finished_job(*STOCKS)
    row = wanted()
    monkeypatch.setattr("analysis.track_records.batch.ENGINE_VERSION", "0")
    assert not refresh(seconds=0)
    monkeypatch.undo()
    StrategyRecord.objects.update(partial={"a form": "of an earlier release"}, cursor="QUILLMERE.DEMO")
    assert refresh()
    row.refresh_from_db()
    assert (row.stocks, row.engine_version) == (3, ENGINE_VERSION)


def test_a_strategy_that_is_gone_keeps_nobody_from_asking() -> None:
    StrategyRecord.objects.create(strategy="astrology", requested_at=timezone.now())
    assert may_request_records()


def test_recovery_wakes_what_a_dead_worker_left() -> None:
    wanted()
    StrategyRecord.objects.update(requested_at=timezone.now() - 2 * TIMING.lease)
    assert recover().woken == len(STRATEGIES)
    assert recover().woken == 0
    assert OrmQ.objects.count() == 1


def test_bars_that_cannot_be_used_are_left_out_and_counted() -> None:
    make_finished_job(*STOCKS)
    PriceHistory.objects.filter(stock="KAVERI.DEMO").update(bars=b"damaged")
    row = computed()
    assert (row.stocks, row.left_out) == (2, 1)


def test_where_no_bars_can_be_used_that_is_what_is_said() -> None:
    make_finished_job("KAVERI.DEMO")
    PriceHistory.objects.update(bars=b"damaged")
    out, _, code = run("track_record")
    assert (
        out
        == "The stored bars of 1 stock are too old or cannot be used, and there are no others; see the stock page.\n"
    )
    assert code == 0


def test_a_few_bars_and_no_trading_are_no_obstacle() -> None:
    make_finished_job("NAVANKURA.DEMO", "STAMBHANA.DEMO")
    assert computed().stocks == 2


def test_without_stored_bars_there_is_no_record() -> None:
    row = computed()
    assert (row.unpack(), row.as_of, row.stocks) == (None, None, 0)
    assert run("track_record")[0] == "No price history is stored yet: the first analysis fetches it.\n"


def test_a_person_may_ask_again_after_ten_minutes() -> None:
    assert may_request_records()
    computed()
    assert not may_request_records()
    StrategyRecord.objects.update(computed_at=timezone.now() - timedelta(minutes=11))
    assert may_request_records()
    request_records()
    assert not may_request_records()


def test_the_command_prints_a_table_or_json() -> None:
    make_finished_job(*STOCKS)
    out, _, code = run("track_record")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:11:2]] == list(STRATEGIES)
    assert "Past performance does not predict future results." in out
    assert "\n3 stocks up to " in out
    [row] = json.loads(run("track_record", "--strategy", "trend", "--json")[0])
    assert (row["strategy"], row["stocks"], len(row["forward"])) == ("trend", 3, 18)


def test_the_strategies_are_listed_with_what_they_weigh() -> None:
    out = run("strategies")[0]
    rows = json.loads(run("strategies", "--json")[0])
    assert [row["key"] for row in rows] == list(STRATEGIES)
    assert rows[1]["weights"]["macd"] == 2.5
    for row in rows:
        assert f"{row['name']} (--strategy {row['key']})" in out
        assert f"{row['bars_needed']} bars needed" in out


# --- Kept records of single stocks


def stored_results() -> list[dict[str, Any]]:
    """Everything that pages read of the records but the time."""
    rows = StrategyRecord.objects.order_by("pk")
    return [dict(row) for row in rows.values("strategy", "as_of", "stocks", "summary", "evidence")]


def cut_bars(sessions: int) -> dict[str, PriceHistory]:
    """Take the latest sessions from the stored bars of every stock, and return the histories as they were."""
    whole = {history.stock_id: history for history in PriceHistory.objects.all()}
    for ticker, history in whole.items():
        bars = history.unpack()[:-sessions]
        PriceHistory.objects.filter(stock=ticker).update(bars=pack_bars(bars), last_session=bars.last_session)
    return whole


def test_an_evening_continues_the_records_and_equals_a_computation_from_nothing(settings: Settings) -> None:
    make_finished_job(*STOCKS)
    whole = cut_bars(3)
    compute_records()
    before = {path.name: path.read_bytes() for path in (settings.DATA_DIR / "records" / "demo").iterdir()}
    for history in whole.values():
        history.save()
    compute_records()
    after = {path.name: path.read_bytes() for path in (settings.DATA_DIR / "records" / "demo").iterdir()}
    assert before.keys() == after.keys() == {"B%26D.DEMO", "KAVERI.DEMO", "QUILLMERE.DEMO"}
    assert all(len(after[name]) > len(before[name]) for name in after)
    continued = stored_results()
    shutil.rmtree(settings.DATA_DIR / "records")
    compute_records()
    assert stored_results() == continued
    assert {path.name: path.read_bytes() for path in (settings.DATA_DIR / "records" / "demo").iterdir()} == after


def test_slices_of_one_step_give_what_one_computation_gives() -> None:
    make_finished_job(*STOCKS)
    compute_records()
    whole = stored_results()
    StrategyRecord.objects.update(summary=None, evidence=None)
    wanted()
    slices = 1
    while not refresh(seconds=0):
        slices += 1
    assert slices == len(STOCKS) + len(STRATEGIES) + 1
    assert stored_results() == whole


@pytest.mark.parametrize("content", [b"", b"stock record 1", b"x" * 10_000])
def test_a_damaged_file_is_computed_again(settings: Settings, content: bytes) -> None:
    make_finished_job(*STOCKS)
    compute_records()
    whole = stored_results()
    file = settings.DATA_DIR / "records" / "demo" / "KAVERI.DEMO"
    stored = file.read_bytes()
    file.write_bytes(content)
    compute_records()
    assert (stored_results(), file.read_bytes()) == (whole, stored)


def test_another_machine_computes_what_it_has_not(settings: Settings, tmp_path: Path) -> None:
    """The files of a machine are its own; the database says how far the records have come."""
    make_finished_job(*STOCKS)
    compute_records()
    whole = stored_results()
    wanted()
    for _ in range(len(STOCKS) + 1):
        assert not refresh(seconds=0)
    settings.DATA_DIR = tmp_path / "other"
    while not refresh(seconds=0):
        pass
    assert stored_results() == whole


def test_files_of_stocks_that_are_gone_are_removed(settings: Settings) -> None:
    make_finished_job(*STOCKS)
    compute_records()
    PriceHistory.objects.filter(stock="KAVERI.DEMO").delete()
    (settings.DATA_DIR / "records" / "yahoo").mkdir()
    compute_records()
    found = sorted(str(path.relative_to(settings.DATA_DIR)) for path in (settings.DATA_DIR / "records").rglob("*.DEMO"))
    assert found == ["records/demo/B%26D.DEMO", "records/demo/QUILLMERE.DEMO"]
    assert not (settings.DATA_DIR / "records" / "yahoo").exists()


def test_what_is_shown_is_judged_over_all_strategies() -> None:
    make_finished_job(*STOCKS)
    row = computed()
    evidence = row.unpack_evidence()
    assert evidence is not None
    assert (evidence.stocks, evidence.listed, evidence.looks) == (3, 3, 10)
    assert [(kind.strategy, kind.side) for kind in evidence.kinds] == [(KEY, Side.LONG), (KEY, Side.SHORT)]
    summary = row.unpack()
    assert summary is not None
    assert [kind.trades for kind in evidence.kinds] == [summary.long.count, summary.short.count]


# --- Stock records together


def records_of(lengths: Sequence[int]) -> list[StockRecord]:
    """Records of random stocks whose latest sessions are the same."""
    last = max(lengths)
    return [
        StockRecord.of(SeriesCache(random_bars(last, seed)[last - length :]), tuple(STRATEGIES.values()))
        for seed, length in enumerate(lengths)
    ]


@pytest.mark.parametrize(
    ("lengths", "sessions"),
    [([900] * 4, 900), ([300] * 10 + [1300], 300), ([800, 500, 500, 500, 500], 800), ([400] * 9 + [900] * 3, 900)],
)
def test_one_stock_with_a_long_history_makes_no_longer_history_of_all(lengths: list[int], sessions: int) -> None:
    measured = StockRecords(records_of(lengths)).measure(KEY)
    assert {kind.sessions for kind in measured.kinds} == {sessions}


def test_without_enough_history_nothing_is_judged_and_nothing_is_ranked() -> None:
    records = StockRecords(records_of([700] * 6))
    evidence = judge_strategies({key: records.measure(key) for key in STRATEGIES}, listed=6)
    assert {kind.judgement for one in evidence.values() for kind in one.kinds} == {Judgement.NOT_ENOUGH_HISTORY}
    assert {one.overfitting for one in evidence.values()} == {None}


def test_a_record_that_was_replaced_meanwhile_is_noticed() -> None:
    stored = records_of([600] * 3)
    records = StockRecords(stored)
    stored[1] = records_of([600, 600])[0]
    with pytest.raises(RecordsChanged):
        records.measure(KEY)


def test_a_computation_that_another_one_overtakes_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    make_finished_job(*STOCKS)
    computed()
    whole = stored_results()
    wanted()
    for _ in range(len(STOCKS) + 1):
        assert not refresh(seconds=0)
    measure = StockRecords.measure

    def overtaken(self: StockRecords, strategy: str) -> StrategyMeasurement:
        raise RecordsChanged

    monkeypatch.setattr(StockRecords, "measure", overtaken)
    assert not refresh()
    row = StrategyRecord.objects.get(strategy=KEY)
    assert (row.cursor, row.partial, row.is_refreshing, row.lease_token) == ("", None, True, None)
    monkeypatch.setattr(StockRecords, "measure", measure)
    assert refresh()
    assert stored_results() == whole


def test_another_machine_with_older_files_computes_them_again(settings: Settings, tmp_path: Path) -> None:
    make_finished_job(*STOCKS)
    whole = cut_bars(5)
    settings.DATA_DIR, here = tmp_path / "other", settings.DATA_DIR
    compute_records()
    for history in whole.values():
        history.save()
    settings.DATA_DIR = here
    compute_records()
    expected = stored_results()
    wanted()
    for _ in range(len(STOCKS) + 1):
        assert not refresh(seconds=0)
    settings.DATA_DIR = tmp_path / "other"
    while not refresh(seconds=0):
        pass
    assert stored_results() == expected


def test_a_stock_that_comes_during_a_computation_is_in_the_next_one() -> None:
    make_finished_job(*STOCKS)
    wanted()
    for _ in range(len(STOCKS) + 2):
        assert not refresh(seconds=0)
    make_finished_job("TENFALLOW.DEMO")
    while not refresh(seconds=0):
        pass
    rows = StrategyRecord.objects.all()
    assert {row.stocks for row in rows} == {3}
    assert {(one.stocks, one.listed) for row in rows if (one := row.unpack_evidence())} == {(3, 3)}
    assert computed().stocks == 4


def test_a_folder_that_cannot_be_written_ends_the_computation_and_says_so(settings: Settings, client: Client) -> None:
    make_finished_job(*STOCKS)
    (settings.DATA_DIR / "records").write_text("a file is in its place")
    row = wanted()
    assert not refresh()
    row.refresh_from_db()
    problem = "The folder “records” in DATA_DIR cannot be used: Not a directory."
    assert (row.problem, row.is_refreshing, row.lease_token) == (problem, False, None)
    assert may_request_records()
    client.force_login(make_user())
    assert problem in client.get("/track-record/").content.decode()
    _, err, code = run("track_record")
    assert (code, "cannot be used: Not a directory" in err) == (1, True)
    (settings.DATA_DIR / "records").unlink()
    wanted()
    assert refresh()
    row.refresh_from_db()
    assert row.problem == ""


def test_a_write_that_fails_leaves_no_file(settings: Settings) -> None:
    make_finished_job("KAVERI.DEMO")
    compute_records()
    folder = settings.DATA_DIR / "records" / "demo"
    record = read_stock_record("demo", "KAVERI.DEMO")
    assert record
    (folder / "KAVERI.DEMO").unlink()
    (folder / "KAVERI.DEMO").mkdir()
    with pytest.raises(OSError, match=r"directory|permitted"):
        write_stock_record("demo", "KAVERI.DEMO", record)
    assert [path.name for path in folder.iterdir()] == ["KAVERI.DEMO"]


def test_the_database_keeps_its_room(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make_finished_job("KAVERI.DEMO")
    monkeypatch.setattr("analysis.track_records.store.LEFT_FREE", 10**18)
    row = wanted()
    assert not refresh()
    row.refresh_from_db()
    assert row.problem == "The folder “records” in DATA_DIR cannot be used: No space left on device."
    assert not list((settings.DATA_DIR / "records").rglob("*.DEMO"))
