"""Shared by the tests of analyses: Yahoo's stand-in."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings
from yfinance.data import SingletonMeta

from analysis.prices.source_order import SourceOrder
from tests.yahoo_standin.server import YahooStandIn, running


@pytest.fixture
def new_yfinance() -> None:
    """yfinance as in a new process: without the cookie and the crumb of another test."""
    SingletonMeta._instances.clear()


@pytest.fixture
def standin(settings: Settings, new_yfinance: None) -> Iterator[YahooStandIn]:
    """Yahoo's stand-in as the configured source, asked as fast as it answers."""
    with running() as server:
        settings.PRICE_SOURCE, settings.PRICE_ORDER = "yahoo", SourceOrder(("yahoo",))
        settings.YAHOO_URL = server.address
        settings.REQUESTS_PER_SECOND = float("inf")
        yield server
