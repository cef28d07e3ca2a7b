"""Strategy record: the trades of one strategy over the records of many stocks, with the tests of what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.engine.bars import Floats, Indices, Sessions
from analysis.engine.significance.by_date import DateSums
from analysis.engine.significance.calibration import Calibration, VerdictMatrix, calibrate
from analysis.engine.significance.family import KindMeasurement, measure_kind
from analysis.engine.significance.matrix import OutcomeMatrix, columns_held, union_calendar
from analysis.engine.significance.outcomes import HIGHER, NOT_HIGHER, UNKNOWN
from analysis.engine.stock_record import ENTRY, LEFT_OUT, REASON, StockRecord
from analysis.engine.strategies import STRATEGIES
from analysis.engine.track_record import HORIZONS, SideRecord, TrackRecord
from analysis.engine.trade_stats import TradeStats, worst_drawdown
from analysis.engine.verdict import UNRATED, Codes, Side, Verdict

LONGEST_HOLDING = max(strategy.holding for strategy in STRATEGIES.values())
BANDS = len(STRATEGIES) * len(Verdict) * len(HORIZONS)


@dataclass(frozen=True, slots=True)
class StrategyMeasurement:
    """One strategy's trades by side, the tests of both kinds with their sums by date, and its calibration."""

    trades: TrackRecord
    kinds: tuple[KindMeasurement, ...]
    sums: tuple[DateSums, ...]
    calibration: Calibration


class StockRecords:
    """The records of many stocks on one calendar, at least one. They are kept in their order, and sums follow it."""

    def __init__(self, records: Sequence[StockRecord]) -> None:
        self.records = records
        self.calendar: Sessions = union_calendar(record.rows["session"] for record in records)
        self.columns: list[Indices] = [np.searchsorted(self.calendar, record.rows["session"]) for record in records]

    @cached_property
    def holding(self) -> int:
        """Return the longest holding of any strategy, in columns of the calendar."""
        return columns_held(self.calendar, [record.rows["session"] for record in self.records], LONGEST_HOLDING)

    def measure(self, strategy: str) -> StrategyMeasurement:
        """Return the trades and tests of one strategy."""
        place = self.records[0].strategies.index(strategy)
        steady = self._spread("steady", place, UNRATED)
        sides, kinds, all_sums = [], [], []
        for column in range(len(Side) * place, len(Side) * (place + 1)):
            outcomes, codes = self._spread("outcome", column, np.nan), self._spread("code", column, 0)
            is_entry, left_out = (codes & ENTRY) > 0, int(np.count_nonzero(codes & LEFT_OUT))
            matrix = OutcomeMatrix(self.calendar, outcomes, is_entry, left_out)
            sums = DateSums.of(matrix)
            kinds.append(measure_kind(self.records[0].kind_of(column), matrix, sums, self.holding))
            all_sums.append(sums)
            sides.append(_side_record(matrix, codes & REASON))
        changes = [self._spread("change", place, np.nan) for place in range(len(HORIZONS))]
        long, short = sides
        return StrategyMeasurement(
            trades=TrackRecord(
                len(self.records), long, short, *_forward_returns(steady, changes),
                left_out_trades=sum(kind.left_out for kind in kinds), left_out_days=_count_days_left_out(self.records, place),
            ),
            kinds=tuple(kinds),
            sums=tuple(all_sums),
            calibration=self._calibrate(steady, changes),
        )  # fmt: skip

    def _spread(self, field: str, place: int, missing: float) -> Floats:
        """Return one column of every stock's rows as a row on the calendar, shape (stocks, sessions)."""
        kind = self.records[0].rows[field].dtype
        spread = np.full((len(self.records), len(self.calendar)), missing, dtype=kind)
        for row, (record, columns) in enumerate(zip(self.records, self.columns, strict=True)):
            spread[row, columns] = record.rows[field][:, place]
        return spread

    def _calibrate(self, steady: Codes, changes: Sequence[Floats]) -> Calibration:
        higher = {}
        for sessions, change in zip(HORIZONS, changes, strict=True):
            is_known = ~np.isnan(change) & (steady != UNRATED)
            higher[sessions] = np.where(is_known, np.where(change > 0, HIGHER, NOT_HIGHER), UNKNOWN).astype(np.int8)
        return calibrate(VerdictMatrix(self.calendar, steady, higher), self.holding, looks=BANDS)


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
        is_known = ~np.isnan(change) & (steady != UNRATED)
        verdicts = steady[is_known].astype(np.int64) + 2
        counts.append(np.bincount(verdicts, minlength=5))
        sums.append(np.bincount(verdicts, change[is_known].astype(np.float64), minlength=5))
    return np.array(counts), np.array(sums)


def _count_days_left_out(records: Sequence[StockRecord], place: int) -> int:
    """Return the rated days whose change after the shortest horizon spans a break."""
    recent = HORIZONS[0]
    return sum(
        int(np.count_nonzero(np.isnan(rows["change"][:-recent, 0]) & (rows["steady"][:-recent, place] != UNRATED)))
        for rows in (record.rows for record in records)
    )
