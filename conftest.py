"""Shared by every test: a clock, folders of its own, and time enough."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from pytest_django import Settings

from analysis.calendars.current import FAULTY_SESSIONS, SPECIAL_DAYS
from analysis.capital import forget_rates
from analysis.prices.faulty_sessions import no_faulty_sessions, use_faulty_sessions
from analysis.prices.special_days import no_special_days, use_special_days
from stockapp.client import untrusted_proxies
from stockapp.meters import METERS

MOMENT = datetime(2026, 11, 25, 12, tzinfo=UTC)
PROCESS_SECONDS = 900  # only what hangs takes as long, however busy the machine is


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--moment",
        type=datetime.fromisoformat,
        default=MOMENT,
        help="The date and time (UTC) at which every test begins that starts no other processes.",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests with processes or a browser the time that they may need on a busy machine."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(PROCESS_SECONDS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let each test, its fixtures included, begin at the same moment, whatever the day.

    Other processes have the machine's clock, and so has a test that starts them.
    """
    if has_machine_clock(item):
        return (yield)
    moment: datetime = item.config.getoption("--moment")
    with time_machine.travel(moment if moment.tzinfo else moment.replace(tzinfo=UTC)):
        return (yield)


def has_machine_clock(item: pytest.Item) -> bool:
    if item.get_closest_marker("machine_clock"):
        return True
    return bool(item.get_closest_marker("slow")) and "live_server" not in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep SQLite in a folder of this run: what an interrupted run has left running writes to another file."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = tmp_path_factory.mktemp("database") / "test.sqlite3"


@pytest.fixture(autouse=True)
def own_folders(request: pytest.FixtureRequest) -> None:
    """Let prices come from a folder that the test may fill, and leave nothing behind.

    Tests of pure functions get none: making folders costs more than most of them do.
    """
    has_rows = request.node.get_closest_marker("django_db") or "transactional_db" in request.fixturenames
    if has_rows or "settings" in request.fixturenames:
        settings: Settings = request.getfixturevalue("settings")
        settings.DATA_DIR = request.getfixturevalue("tmp_path")
        settings.CSV_PRICES_DIR = settings.DATA_DIR / "csv"
        settings.CSV_PRICES_DIR.mkdir()


@pytest.fixture(autouse=True)
def fresh_special_days(request: pytest.FixtureRequest) -> None:
    """Forget the special days and faulty sessions of the test before; a test without a database has none."""
    names = request.fixturenames
    if not (request.node.get_closest_marker("django_db") or "db" in names or "transactional_db" in names):
        use_special_days(no_special_days)
        use_faulty_sessions(no_faulty_sessions)
        return
    request.getfixturevalue("transactional_db" if "transactional_db" in names else "db")
    use_special_days(SPECIAL_DAYS.current)
    use_faulty_sessions(FAULTY_SESSIONS.current)
    for rows in (SPECIAL_DAYS, FAULTY_SESSIONS):
        rows.forget()
        rows.current()  # so that no test counts this query


@pytest.fixture(autouse=True)
def fresh_counts(request: pytest.FixtureRequest) -> None:
    """Forget what a web process counted for the test before, and what the database kept of it for others.

    Only tests that commit leave such rows; all of them begin at the same moment, with users of the same keys.
    """
    untrusted_proxies.forget()
    forget_rates()
    for meter in METERS:
        meter.forget()
    marker = request.node.get_closest_marker("django_db")
    commits = bool(marker and marker.kwargs.get("transaction")) or "live_server" in request.fixturenames
    if commits or "transactional_db" in request.fixturenames:
        request.getfixturevalue("transactional_db")
        cache.clear()
