"""Shared by the tests of analyses: Yahoo's stand-in."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from analysis.prices.source_order import SourceOrder
from tests.yahoo_standin.server import YahooStandIn, running


@pytest.fixture
def standin(settings: Settings) -> Iterator[YahooStandIn]:
    """Yahoo's stand-in as the configured source, asked as fast as it answers."""
    with running() as server:
        settings.PRICE_SOURCE, settings.PRICE_ORDER = "yahoo", SourceOrder(("yahoo",))
        settings.YAHOO_URL = server.address
        settings.REQUESTS_PER_SECOND = float("inf")
        yield server
