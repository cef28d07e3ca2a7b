"""Stock record: what the track records need of one stock, a row for each of its sessions, to be kept and continued.

A row depends on the bars up to the longest holding after it. So an evening adds a row and completes some of the latest;
the others stay, as long as the bars before are the same. Outcomes are float32: a hundred kilobytes for five years.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

import numpy as np
from numpy.typing import NDArray

from analysis.engine.bars import Booleans, Floats
from analysis.engine.rating import rate_all
from analysis.engine.series import SeriesCache
from analysis.engine.significance.outcomes import SignalKind, StockOutcomes, stock_outcomes
from analysis.engine.strategy import Strategy
from analysis.engine.track_record import HORIZONS, spans_break
from analysis.engine.verdict import Codes, Side

REASON, ENTRY, LEFT_OUT = 0b11, 0b100, 0b1000
"""The bits of a row's codes: why a trade planned in the session ended, whether it is a signal, and one left out."""

Rows = NDArray[np.void]


@dataclass(frozen=True, slots=True, eq=False)
class StockRecord:
    """One stock's sessions under some strategies, from its first bar on.

    `rows`, shape (n,), have the fields `session`; `steady`, the verdict codes by strategy; `outcome` and `code` by kind
    (each strategy's long and short): the return of a trade planned in the session, NaN where there is none or not yet,
    and bits of `REASON`, `ENTRY` and `LEFT_OUT`; `change`, the return of the close after each of `HORIZONS`, NaN where
    it is not known yet and inf where it spans a break. `inputs` is a digest of all that they depend on.
    """

    strategies: tuple[str, ...]
    rows: Rows
    inputs: bytes

    @classmethod
    def of(
        cls,
        series: SeriesCache,
        strategies: Sequence[Strategy],
        *,
        breaks: Booleans | None = None,
        known: "StockRecord | None" = None,
    ) -> Self:
        """Return the record of a stock. One that is `known` of fewer of the same bars is continued, else all is new."""
        count = len(series.bars)
        breaks = np.zeros(count, dtype=np.bool_) if breaks is None else breaks
        keys, inputs = tuple(strategy.key for strategy in strategies), digest_inputs(series, strategies, breaks)
        if known is not None and len(known.rows) == count and known.inputs == inputs:
            return cls(keys, known.rows, inputs)
        rows = np.zeros(count, dtype=row_type(len(strategies)))
        rows["outcome"] = np.nan
        earlier = 0
        if known is not None and _continues(known, series, strategies, breaks):
            earlier = len(known.rows)
            rows[:earlier] = known.rows
        rows["session"] = series.bars.session
        rows["change"] = _changes(series.bars.close, breaks)
        for place, (strategy, rating) in enumerate(zip(strategies, rate_all(series, strategies), strict=True)):
            rows["steady"][:, place] = rating.steady
            for offset, side in enumerate(Side):
                column = len(Side) * place + offset
                since = _find_restart(rows["code"][:, column], earlier, strategy.holding)
                found = stock_outcomes(series, strategy, side, rating.steady, breaks=breaks, since=since)
                _write(rows, column, since, found)
        return cls(keys, rows, inputs)

    def kind_of(self, column: int) -> SignalKind:
        """Return the kind of a column of `outcome` and `code`."""
        place, offset = divmod(column, len(Side))
        return SignalKind(self.strategies[place], tuple(Side)[offset])


def row_type(strategies: int) -> np.dtype[np.void]:
    """Return the type of the rows of a stock record under so many strategies."""
    kinds = strategies * len(Side)
    return np.dtype(
        [
            ("session", "datetime64[D]"),
            ("steady", np.int8, (strategies,)),
            ("outcome", np.float32, (kinds,)),
            ("code", np.int8, (kinds,)),
            ("change", np.float32, (len(HORIZONS),)),
        ]
    )


def digest_inputs(
    series: SeriesCache, strategies: Sequence[Strategy], breaks: Booleans, count: int | None = None
) -> bytes:
    """Return a digest of the first `count` bars, or of all, and of what else a stock record depends on."""
    bars = series.bars[:count]
    digest = blake2b(repr([strategy.parameters() for strategy in strategies]).encode(), digest_size=16)
    for column in (bars.session, bars.open, bars.high, bars.low, bars.close, bars.volume, breaks[: len(bars)]):
        digest.update(np.ascontiguousarray(column).tobytes())
    if series.doubtful is not None:
        digest.update(series.doubtful[: len(bars)].tobytes())
    return digest.digest()


def _continues(known: StockRecord, series: SeriesCache, strategies: Sequence[Strategy], breaks: Booleans) -> bool:
    """Return whether the bars begin with those of the known record."""
    count = len(known.rows)
    return 0 < count < len(series.bars) and known.inputs == digest_inputs(series, strategies, breaks, count)


def _find_restart(codes: Codes, earlier: int, holding: int) -> int:
    """Return the row from which on outcomes are computed, where those of the `earlier` rows are there.

    It is the last signal, if its trade may be open, or else the first row without an outcome.
    """
    new = max(earlier - holding, 0)
    entries = np.flatnonzero(codes[max(new - holding, 0) : new] & ENTRY)
    return max(new - holding, 0) + int(entries[-1]) if len(entries) else new


def _write(rows: Rows, column: int, since: int, found: StockOutcomes) -> None:
    chosen = slice(since, since + len(found.session))
    rows["outcome"][chosen, column] = found.outcome
    rows["code"][chosen, column] = found.reason | ENTRY * found.is_entry | LEFT_OUT * found.is_left_out


def _changes(close: Floats, breaks: Booleans) -> Floats:
    """Return the return of the close after each of `HORIZONS`, shape (n, 3): NaN if too recent, inf across a break."""
    changes = np.full((len(close), len(HORIZONS)), np.nan)
    for place, sessions in enumerate(HORIZONS):
        count = max(len(close) - sessions, 0)
        changes[:count, place] = close[sessions:] / close[:count] - 1
        changes[:count, place][spans_break(breaks, sessions)] = np.inf
    return changes
