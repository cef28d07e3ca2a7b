"""The adjustment of a price file: all prices by its adjusted closes, also of sessions where one is missing."""

import numpy as np

from analysis.engine.bars import Bars, Booleans, Floats, Indices
from analysis.prices.port import Finding
from analysis.prices.price_rows import PriceRows

SAME_FACTOR = 1e-3  # relative, between factors of which the closes are rounded


def adjust_rows(rows: PriceRows, *, has_adjusted_close: bool) -> tuple[Bars, bool, list[Finding]]:
    """Return the bars, adjusted by the adjusted close, whether they are, and findings about closes without one.

    Where it is missing, 0 or negative beside a close, the factor of a session beside it holds; see `_fill_factors`.
    """
    findings: list[Finding] = []
    factor: Floats = np.ones(len(rows))
    priced = (rows.close > 0) & np.isfinite(rows.close)
    usable = priced & (rows.adj_close > 0) & np.isfinite(rows.adj_close)
    if has_adjusted_close:
        factor, changes = _fill_factors(usable, rows)
        negative = priced & (rows.adj_close < 0)
        for kind, lost in {
            "no adjusted close": priced & ~usable & ~negative,
            "a negative adjusted close": negative,
        }.items():
            findings += _findings_about_factor(kind, rows, lost, is_filled=bool(usable.any()))
        findings += _findings_about_changes(rows, changes)
    open_, high, low, close = (column * factor for column in (rows.open, rows.high, rows.low, rows.close))
    return Bars(rows.day, open_, high, low, close, rows.volume), has_adjusted_close and bool(usable.any()), findings


def _fill_factors(usable: Booleans, rows: PriceRows) -> tuple[Floats, dict[int, float]]:
    """Return the factor of each row, and the rows at which it changes within a gap, with the change.

    In a gap between two factors an adjustment takes effect, in one of its sessions or the one after: that of a dividend
    or split of the file, else the one whose opening it brings nearest to the close before.
    """
    factor: Floats = np.ones(len(rows))
    known = np.flatnonzero(usable)
    if not len(known):
        return factor, {}
    nearest = known[np.maximum(np.searchsorted(known, np.arange(len(rows)), side="right") - 1, 0)]
    factor = rows.adj_close[nearest] / rows.close[nearest]
    changes: dict[int, float] = {}
    for before, after in zip(known[:-1].tolist(), known[1:].tolist(), strict=True):
        change = factor[after] / factor[before]
        if after > before + 1 and abs(change - 1) > SAME_FACTOR:
            start = _find_effect(rows, np.arange(before + 1, after + 1), change)
            factor[start:after] = factor[after]
            changes[start] = change
    return factor, changes


def _find_effect(rows: PriceRows, sessions: Indices, change: float) -> int:
    """Return the row, of those after a known factor up to the next, from which an adjustment most likely holds."""
    events = sessions[(rows.dividend[sessions] > 0) | _is_split(rows.split[sessions])]
    candidates = events if len(events) else sessions
    opening = np.where(rows.open[candidates] > 0, rows.open[candidates], rows.close[candidates])
    priced = np.maximum.accumulate(np.where(rows.close > 0, np.arange(len(rows)), 0))
    with np.errstate(divide="ignore", invalid="ignore"):  # an opening may be 0
        overnight = np.log(opening / rows.close[priced[candidates - 1]])
    overnight = np.where(np.isfinite(overnight), overnight, np.nan)
    cost = np.abs(overnight + np.log(change)) - np.abs(overnight)
    return int(candidates[np.nanargmin(cost)]) if np.isfinite(cost).any() else int(candidates[0])


def _is_split(ratio: Floats) -> Booleans:
    is_split: Booleans = (ratio > 0) & (ratio != 1)
    return is_split


def _findings_about_factor(kind: str, rows: PriceRows, lost: Booleans, *, is_filled: bool) -> list[Finding]:
    if not lost.any():
        return []
    last = rows.day[lost][-1].astype(object)
    sessions = "1 session has" if lost.sum() == 1 else f"{lost.sum():,} sessions have"
    what = "adjusted as the session beside it" if is_filled else "not adjusted"
    message = f"{sessions} a close but {kind}, the last on {last}: kept, {what}."
    return [Finding("adj_close_missing", message, "repair" if is_filled else "warning", last)]


def _findings_about_changes(rows: PriceRows, changes: dict[int, float]) -> list[Finding]:
    if not changes:
        return []
    last = max(changes)
    day = rows.day[last].astype(object)
    what = "1 adjustment falls" if len(changes) == 1 else f"{len(changes):,} adjustments fall"
    share = 1 / changes[last]  # of the price that is left
    size = f"a split of {changes[last]:.4g}" if _is_split(rows.split[last]) else f"one of {abs(1 - share):.1%}"
    message = f"{what} among sessions without an adjusted close, the last {size}: it is taken to begin on {day}."
    return [Finding("adjustment_placed", message, "warning", day)]
