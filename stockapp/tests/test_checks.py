"""The checks of settings and of the files that they name."""

from pathlib import Path

from pytest_django import Settings

from analysis.prices.source_order import SourceOrder
from stockapp import checks


def test_a_folder_of_prices_that_is_none_is_named(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "prices"
    settings.CSV_PRICES_DIR = file
    settings.PRICE_ORDER = SourceOrder(("yahoo",))
    assert checks.the_folder_of_prices_is_there() == []
    settings.PRICE_ORDER = SourceOrder(("yahoo", "csv"))
    for is_file in (False, True):
        if is_file:
            file.touch()
        (found,) = checks.the_folder_of_prices_is_there()
        assert (found.id, found.msg) == (
            "stockapp.W002",
            f"CSV_PRICES_DIR is {file}, which is no folder: no price can be read from it.",
        )
    file.unlink()
    file.mkdir()
    assert checks.the_folder_of_prices_is_there() == []
