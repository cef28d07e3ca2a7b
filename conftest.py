"""What every test shares: folders of its own."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def own_folders(settings: Settings, tmp_path: Path) -> None:
    """Prices come from a folder that the test may fill; nothing is left behind."""
    settings.CSV_PRICES_DIR = tmp_path / "csv"
    settings.CSV_PRICES_DIR.mkdir()
    settings.DATA_DIR = tmp_path
