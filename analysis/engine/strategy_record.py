"""Strategy record: the trades of one strategy over the records of many stocks, with the tests of what they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from analysis.engine.bars import Floats, Indices, Sessions
from analysis.engine.significance.by_date import DateSums
from analysis.engine.significance.calibration import Calibration, VerdictMatrix, calibrate
from analysis.engine.significance.family import (
    SESSIONS_NEEDED,
    FamilyResult,
    KindMeasurement,
    KindResult,
    judge,
    measure_kind,
)
from analysis.engine.significance.matrix import OutcomeMatrix, columns_held, union_calendar
from analysis.engine.significance.outcomes import HIGHER, NOT_HIGHER, UNKNOWN, SignalKind
from analysis.engine.significance.overfitting import overfitting_probability
from analysis.engine.stock_record import ENTRY, LEFT_OUT, REASON, StockRecord
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy import JSON
from analysis.engine.track_record import HORIZONS, SideRecord, TrackRecord
from analysis.engine.trade_stats import TradeStats, worst_drawdown
from analysis.engine.verdict import UNRATED, Codes, Side, Verdict

LONGEST_HOLDING = max(strategy.holding for strategy in STRATEGIES.values())
SHARED = 0.2
"""The share of the stocks that have a session which counts as history."""
BANDS = len(STRATEGIES) * len(Verdict) * len(HORIZONS)


@dataclass(frozen=True, slots=True)
class StrategyMeasurement:
    """One strategy's trades by side, the tests of both kinds with their sums by date, and its calibration."""

    trades: TrackRecord
    kinds: tuple[KindMeasurement, ...]
    sums: tuple[DateSums, ...]
    calibration: Calibration

    def as_dict(self) -> dict[str, JSON]:
        """Return everything, for strict JSON; stored while other strategies are still to be measured."""
        return {
            "trades": self.trades.as_dict(),
            "kinds": [kind.as_dict() for kind in self.kinds],
            "sums": [sums.as_dict() for sums in self.sums],
            "calibration": self.calibration.as_dict(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the measurement of which `as_dict` made this."""
        return cls(
            trades=TrackRecord.from_dict(stored["trades"]),
            kinds=tuple(KindMeasurement.from_dict(kind) for kind in stored["kinds"]),
            sums=tuple(DateSums.from_dict(sums) for sums in stored["sums"]),
            calibration=Calibration.from_dict(stored["calibration"]),
        )


@dataclass(frozen=True, slots=True)
class RecordEvidence:
    """The judgement on one strategy: on its long and its short signals, and on its verdicts.

    `stocks` have `sessions` sessions on their calendar, and `listed` of them are traded today. `looks` is the number of
    kinds of signals that were looked at together. `overfitting` is the probability that the best of them is not better
    than most elsewhere in the history; None if that cannot be computed.
    """

    stocks: int
    listed: int
    sessions: int
    looks: int
    kinds: tuple[KindResult, ...]
    overfitting: float | None
    calibration: Calibration

    def kind(self, side: Side) -> KindResult:
        """Return the judgement on the signals of one side."""
        return next(kind for kind in self.kinds if kind.side is side)

    def as_dict(self) -> dict[str, JSON]:
        """Return everything, for strict JSON."""
        family = FamilyResult(self.stocks, self.sessions, self.looks, self.kinds)
        return {
            **family.as_dict(),
            "listed": self.listed,
            "overfitting": self.overfitting,
            "calibration": self.calibration.as_dict(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the evidence of which `as_dict` made this."""
        return cls(
            kinds=FamilyResult.from_dict(stored).kinds,
            calibration=Calibration.from_dict(stored["calibration"]),
            **{name: stored[name] for name in ("stocks", "listed", "sessions", "looks", "overfitting")},
        )


def judge_strategies(measured: Mapping[str, StrategyMeasurement], listed: int) -> dict[str, RecordEvidence]:
    """Return what the records of all strategies show, judged together; `listed` of their stocks are traded today."""
    looks = len(STRATEGIES) * len(Side)
    stocks = max((one.trades.stocks for one in measured.values()), default=0)
    family = judge([kind for one in measured.values() for kind in one.kinds], stocks=stocks, looks=looks)
    is_long_enough = family.sessions >= SESSIONS_NEEDED
    variants = [sums for one in measured.values() for sums in one.sums]
    overfitting = overfitting_probability(variants) if is_long_enough else None
    return {
        strategy: RecordEvidence(
            stocks=stocks,
            listed=listed,
            sessions=family.sessions,
            looks=family.looks,
            kinds=tuple(kind for kind in family.kinds if kind.strategy == strategy),
            overfitting=overfitting,
            calibration=one.calibration,
        )
        for strategy, one in measured.items()
    }


class RecordsChanged(Exception):
    """A stock's record is another than when the calendar was made, or of other strategies."""


class StockRecords:
    """The records of many stocks on one calendar, at least one; sums follow their order.

    `records` are read once for the calendar and once for each strategy, and not kept.
    """

    def __init__(self, records: Sequence[StockRecord]) -> None:
        self.records = records
        sessions, self._inputs = [], []
        for record in records:
            sessions.append(record.rows["session"].copy())
            self._inputs.append(record.inputs)
        self.strategies = records[0].strategies
        self.calendar: Sessions = union_calendar(sessions)
        self.columns: list[Indices] = [np.searchsorted(self.calendar, own) for own in sessions]
        self.sessions = count_shared(self.columns, len(self.calendar))
        """The sessions of the calendar that count as history."""
        self.holding = columns_held(self.calendar, sessions, LONGEST_HOLDING)
        """The longest holding of any strategy, in columns of the calendar."""

    def measure(self, strategy: str) -> StrategyMeasurement:
        """Return the trades and tests of one strategy. Raise RecordsChanged."""
        place = self.strategies.index(strategy)
        wanted: list[tuple[str, int, float]] = [("steady", place, UNRATED)]
        wanted += [("change", horizon, np.nan) for horizon in range(len(HORIZONS))]
        for column in range(len(Side) * place, len(Side) * (place + 1)):
            wanted += [("outcome", column, np.nan), ("code", column, 0)]
        steady, *rest = self._spread(wanted)
        changes, of_sides = rest[: len(HORIZONS)], rest[len(HORIZONS) :]
        sides, kinds, all_sums = [], [], []
        for side, outcomes, codes in zip(Side, of_sides[::2], of_sides[1::2], strict=True):
            left_out = int(np.count_nonzero(codes & LEFT_OUT))
            matrix = OutcomeMatrix(self.calendar, outcomes, (codes & ENTRY) > 0, left_out)
            all_sums.append(DateSums.of(matrix))
            kinds.append(
                measure_kind(SignalKind(strategy, side), matrix, all_sums[-1], self.holding, sessions=self.sessions)
            )
            sides.append(_side_record(matrix, codes & REASON))
        counts, sums = _forward_returns(steady, changes)
        trades = TrackRecord(
            stocks=len(self.records),
            long=sides[0],
            short=sides[1],
            forward_counts=counts,
            forward_sums=sums,
            left_out_trades=sum(kind.left_out for kind in kinds),
            left_out_days=int(np.count_nonzero(np.isinf(changes[0]) & (steady != UNRATED))),
        )
        return StrategyMeasurement(trades, tuple(kinds), tuple(all_sums), self._calibrate(steady, changes))

    def _spread(self, wanted: Sequence[tuple[str, int, float]]) -> list[NDArray[Any]]:
        """Return columns of every stock's rows on the calendar, shape (stocks, sessions) each.

        A wanted column is a field, the place in it, and the value where a stock has no session.
        """
        shape, types = (len(self.records), len(self.calendar)), self.records[0].rows.dtype
        spread = [np.full(shape, missing, dtype=types[field].base) for field, _, missing in wanted]
        for row, (record, columns) in enumerate(zip(self.records, self.columns, strict=True)):
            if (record.strategies, record.inputs) != (self.strategies, self._inputs[row]):
                raise RecordsChanged
            for matrix, (field, place, _) in zip(spread, wanted, strict=True):
                values = record.rows[field]
                matrix[row, columns] = values[:, place]
        return spread

    def _calibrate(self, steady: Codes, changes: Sequence[Floats]) -> Calibration:
        higher = {}
        for sessions, change in zip(HORIZONS, changes, strict=True):
            is_known = np.isfinite(change) & (steady != UNRATED)
            higher[sessions] = np.where(is_known, np.where(change > 0, HIGHER, NOT_HIGHER), UNKNOWN).astype(np.int8)
        return calibrate(
            VerdictMatrix(self.calendar, steady, higher), self.holding, looks=BANDS, sessions=self.sessions
        )


def count_shared(columns: Sequence[Indices], length: int) -> int:
    """Return how many of `length` sessions of a calendar a fifth of the stocks have, by the columns of each.

    One stock with a long history, or one that is traded at weekends, makes no longer history of all.
    """
    counts = np.zeros(length, dtype=np.int64)
    for own in columns:
        counts[own] += 1
    return int(np.count_nonzero(counts >= SHARED * len(columns)))


def _side_record(matrix: OutcomeMatrix, reasons: Codes) -> SideRecord:
    """Return one side's trades and its baseline, the trades of every rated session."""
    outcomes = matrix.outcomes.astype(np.float64)
    is_known = np.isfinite(outcomes)
    by_stock = [row[is_entry] for row, is_entry in zip(outcomes, matrix.is_entry, strict=True) if is_entry.any()]
    return SideRecord(
        trades=TradeStats.counted(reasons[matrix.is_entry], outcomes[matrix.is_entry]),
        returns=np.round(outcomes[matrix.is_entry], 6),
        drawdown=max(map(worst_drawdown, by_stock), default=0.0),
        baseline=TradeStats.counted(reasons[is_known], outcomes[is_known]),
    )


def _forward_returns(steady: Codes, changes: Sequence[Floats]) -> tuple[Indices, Floats]:
    """Return counts and sums of the returns after each horizon by verdict, shape (3, 5)."""
    counts, sums = [], []
    for change in changes:
        is_known = np.isfinite(change) & (steady != UNRATED)
        verdicts = steady[is_known].astype(np.int64) + 2
        counts.append(np.bincount(verdicts, minlength=5))
        sums.append(np.bincount(verdicts, change[is_known].astype(np.float64), minlength=5))
    return np.array(counts), np.array(sums)
