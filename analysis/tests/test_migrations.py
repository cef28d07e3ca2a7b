"""Migrations back to an earlier version: what it could not read is left out."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from analysis.engine.trade_stats import wilson_interval

DAY = date(2026, 11, 20)


@pytest.mark.django_db(transaction=True)
def test_an_earlier_version_finds_no_traded_prices_with_dividends_and_keeps_the_bars() -> None:
    old, new = [("analysis", "0020_missing_and_faulty_sessions")], [("analysis", "0021_what_sources_report")]
    try:
        with_dividends: Any = MigrationExecutor(connection).migrate(new).apps
        stock = with_dividends.get_model("analysis", "Stock").objects.create(ticker="A.NS")
        with_dividends.get_model("analysis", "PriceHistory").objects.create(
            stock=stock, source="yahoo", bars=b"bars", traded=b"traded", first_session=DAY, last_session=DAY,
            requested_since=DAY, bar_count=1, adjusted=True, fetched_at=timezone.now(), checksum="c",
        )  # fmt: skip
        without: Any = MigrationExecutor(connection).migrate(old).apps
        row = without.get_model("analysis", "PriceHistory").objects.get()
        assert (bytes(row.bars), row.traded) == (b"bars", None)
        again: Any = MigrationExecutor(connection).migrate(new).apps
        again.get_model("analysis", "PriceHistory").objects.all().delete()
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes("analysis"))


@pytest.mark.django_db(transaction=True)
def test_records_go_both_ways_and_what_was_interrupted_begins_again() -> None:
    old, new = [("analysis", "0027_weekly_verdicts")], [("analysis", "0028_record_evidence")]
    side = {"count": 50, "hit_rate": 0.3, "win_rate": 0.4, "baseline": {"count": 900}}
    few = {"count": 3, "needed": 20, "message": "too few", "baseline": {"count": 900}}
    try:
        with_interval: Any = MigrationExecutor(connection).migrate(old).apps
        records = with_interval.get_model("analysis", "StrategyRecord").objects
        summary = {"stocks": 2, "long": side | {"hit_interval": list(wilson_interval(15, 50))}, "short": few}
        records.create(strategy="trend", summary=summary, cursor="A.NS", partial={"record": None})
        records.create(strategy="swing")
        tested: Any = MigrationExecutor(connection).migrate(new).apps
        row = tested.get_model("analysis", "StrategyRecord").objects.get(strategy="trend")
        assert (row.summary, row.evidence, row.cursor, row.partial) == (summary, None, "", None)
        row.summary = {"stocks": 2, "long": side, "short": few}
        row.evidence, row.partial = {"stocks": 2}, {"measured": None}
        row.save()
        back: Any = MigrationExecutor(connection).migrate(old).apps
        row = back.get_model("analysis", "StrategyRecord").objects.get(strategy="trend")
        assert (row.summary["long"].pop("hit_interval"), row.partial) == (pytest.approx(wilson_interval(15, 50)), None)
        assert row.summary == {"stocks": 2, "long": side, "short": few}
        back.get_model("analysis", "StrategyRecord").objects.all().delete()
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes("analysis"))
