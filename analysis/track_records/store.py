"""Store: the records of single stocks in files, so that a refresh computes only what has changed.

They are a cache: whatever is missing, damaged, or of other bars is computed again. Every machine has its own.
"""

import tempfile
from pathlib import Path
from urllib.parse import quote

import numpy as np
from django.conf import settings

from analysis.engine.stock_record import StockRecord, row_type
from analysis.engine.strategies import STRATEGIES
from analysis.engine.version import ENGINE_VERSION

FORMAT = f"stock record 1, engine {ENGINE_VERSION}".encode().ljust(64)
DIGEST_SIZE = 16


def read_stock_record(source: str, ticker: str) -> StockRecord | None:
    """Return the stored record of a stock; None if there is none that this version can read."""
    try:
        stored = path_of(source, ticker).read_bytes()
    except FileNotFoundError:
        return None
    header, inputs, rows = (
        stored[: len(FORMAT)],
        stored[len(FORMAT) :][:DIGEST_SIZE],
        stored[len(FORMAT) + DIGEST_SIZE :],
    )
    expected = row_type(len(STRATEGIES))
    if header != FORMAT or not rows or len(rows) % expected.itemsize:
        return None
    return StockRecord(tuple(STRATEGIES), np.frombuffer(rows, dtype=expected), inputs)


def write_stock_record(source: str, ticker: str, record: StockRecord) -> None:
    """Store a stock's record in place of an earlier one, whole or not at all."""
    path = path_of(source, ticker)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(FORMAT + record.inputs + record.rows.tobytes())
    Path(file.name).replace(path)


def remove_stock_record(source: str, ticker: str) -> None:
    """Remove a stock's record, if there is one."""
    path_of(source, ticker).unlink(missing_ok=True)


def path_of(source: str, ticker: str) -> Path:
    """Return the file of a stock's record, whether it exists or not."""
    folder: Path = settings.DATA_DIR / "records" / source
    return folder / quote(ticker, safe="")
