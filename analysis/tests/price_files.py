"""Price files for tests: a ticker's file in a folder, and the answer of the CSV source about it."""

from datetime import date
from pathlib import Path

from analysis.prices.csv_folder import CsvPrices
from analysis.prices.port import History, PriceError

HEADER = "date,open,high,low,close,volume"
ADJUSTED = "date,open,high,low,close,adj_close,volume"
ROWS = ("2026-04-22,101,104,100,102,1200", "2026-04-23,102,105,101,104,1500", "2026-04-24,104,106,103,105,900")


def write_file(folder: Path, *lines: str, ticker: str = "TCS.NS") -> None:
    """Write the ticker's file."""
    (folder / f"{ticker}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_history_of(folder: Path, ticker: str = "TCS.NS", since: date | None = None) -> History:
    """Return the bars of the ticker's file, which must be readable."""
    answer = CsvPrices(folder).fetch_daily([ticker], since)[ticker]
    assert isinstance(answer, History), answer
    return answer


def read_error_of(folder: Path, ticker: str = "TCS.NS") -> PriceError:
    """Return the error about the ticker's file, which names no folder."""
    answer = CsvPrices(folder).fetch_daily([ticker], None)[ticker]
    assert isinstance(answer, PriceError), answer
    assert str(folder) not in answer.message
    assert answer.message.endswith(".")
    return answer
