"""Store: the records of single stocks in files, so that a refresh computes only what has changed.

They are a cache: whatever is missing, of other bars or damaged, as by a power cut, is computed again. Every machine has
its own. Five years of a stock take a hundred kilobytes.
"""

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from struct import Struct
from typing import overload
from urllib.parse import quote
from zlib import crc32

import numpy as np
from django.conf import settings

from analysis.engine.stock_record import StockRecord, row_type
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy_record import RecordsChanged
from analysis.engine.version import ENGINE_VERSION

FORMAT = f"stock record 1, engine {ENGINE_VERSION}".encode().ljust(64)
LEFT_FREE = 50_000_000  # bytes
WRITING_TAKES = 3600  # seconds, at the very most
HEADER = Struct(f"{len(FORMAT)}s 16s I")
"""The format, the digest of the record's inputs, and the checksum of its rows, which follow."""


class StoredRecords(Sequence[StockRecord]):
    """The stored records of some stocks, each read when it is needed. Raise RecordsChanged for one that is gone."""

    def __init__(self, source: str, tickers: Sequence[str]) -> None:
        self.source, self.tickers = source, tickers

    def __len__(self) -> int:
        return len(self.tickers)

    @overload
    def __getitem__(self, place: int) -> StockRecord: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[StockRecord]: ...
    def __getitem__(self, place: int | slice) -> StockRecord | Sequence[StockRecord]:
        if isinstance(place, slice):
            return StoredRecords(self.source, self.tickers[place])
        record = read_stock_record(self.source, self.tickers[place], check=False)
        if record is None:
            raise RecordsChanged
        return record


def read_stock_record(source: str, ticker: str, *, check: bool = True) -> StockRecord | None:
    """Return the stored record of a stock; None if there is none that this version can read.

    Without a `check` the rows are taken to be undamaged.
    """
    try:
        stored = _path_of(source, ticker).read_bytes()
    except OSError:  # not there, or not to be read
        return None
    kind = row_type(len(STRATEGIES))
    if len(stored) <= HEADER.size or (len(stored) - HEADER.size) % kind.itemsize:
        return None
    form, inputs, checksum = HEADER.unpack_from(stored)
    if form != FORMAT or (check and crc32(memoryview(stored)[HEADER.size :]) != checksum):
        return None
    return StockRecord(tuple(STRATEGIES), np.frombuffer(stored, dtype=kind, offset=HEADER.size), inputs)


def write_stock_record(source: str, ticker: str, record: StockRecord) -> None:
    """Store a stock's record in place of an earlier one.

    The earlier one is removed first: a file system would write a file that replaces another to the disk at once. Raise
    OSError if it cannot be written, or if little would be left for the database.
    """
    path, rows = _path_of(source, ticker), record.rows.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(path.parent).free < LEFT_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        written = Path(file.name)
        try:
            file.write(HEADER.pack(FORMAT, record.inputs, crc32(rows)))
            file.write(rows)
            file.flush()
            path.unlink(missing_ok=True)
            written.replace(path)
        except OSError:
            written.unlink(missing_ok=True)
            raise


def remove_stock_record(source: str, ticker: str) -> None:
    """Remove a stock's record, if there is one."""
    _path_of(source, ticker).unlink(missing_ok=True)


def stored_inputs(source: str, ticker: str) -> str:
    """Return the digest of the inputs of a stock's stored record; empty if there is none that can be read."""
    record = read_stock_record(source, ticker)
    return record.inputs.hex() if record else ""


def keep_only(source: str, tickers: Collection[str]) -> None:
    """Remove the records of other stocks and of other sources, but not what another process is just writing."""
    kept = {_path_of(source, ticker) for ticker in tickers}
    for folder in folder_of_records().glob("*"):
        if folder.name != source:
            shutil.rmtree(folder, ignore_errors=True)
    for path in (folder_of_records() / source).glob("*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path not in kept and not _is_being_written(path):
            path.unlink(missing_ok=True)


def _is_being_written(path: Path) -> bool:
    try:
        return path.name.startswith(".") and time.time() - path.stat().st_mtime < WRITING_TAKES
    except FileNotFoundError:
        return True


def _path_of(source: str, ticker: str) -> Path:
    return folder_of_records() / source / quote(ticker, safe="")


def folder_of_records() -> Path:
    """Return the folder of all stock records, whether it exists or not."""
    folder: Path = settings.DATA_DIR / "records"
    return folder
