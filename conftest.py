"""What every test shares: folders of its own, and time enough."""

from pathlib import Path

import pytest
from pytest_django import Settings

PROCESS_SECONDS = 900  # only what hangs takes as long, however busy the machine is


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests with processes or a browser the time, and a second try, that they may need on a busy machine.

    A test that passes only when tried again is named at the end and counted as rerun in pytest's closing line.
    """
    for item in items:
        if not item.get_closest_marker("slow"):
            continue
        item.add_marker(pytest.mark.flaky(reruns=2))
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(PROCESS_SECONDS))


@pytest.fixture(autouse=True)
def own_folders(settings: Settings, tmp_path: Path) -> None:
    """Prices come from a folder that the test may fill; nothing is left behind."""
    settings.CSV_PRICES_DIR = tmp_path / "csv"
    settings.CSV_PRICES_DIR.mkdir()
    settings.DATA_DIR = tmp_path
