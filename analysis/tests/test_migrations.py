"""Migrations back to an earlier version: what it could not read is left out."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

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
