"""The adjustment of a price file: all prices by its adjusted closes, and the splits for which it is not adjusted."""

import numpy as np

from analysis.engine.bars import Bars, Booleans, Floats, Indices
from analysis.prices.dividends import find_dividend_mismatches, find_unadjusted_dividends
from analysis.prices.port import UNADJUSTED_SPLIT, Finding
from analysis.prices.price_rows import PriceRows

SAME_FACTOR = 1e-3  # relative, between factors of which the closes are rounded
NIGHTS = 4.0  # usual moves from a close to the next open, below which a split cannot be told from one


def adjust_rows(
    rows: PriceRows, *, has_adjusted_close: bool, is_usually_adjusted: bool = False
) -> tuple[Bars, bool, list[Finding]]:
    """Return the bars, adjusted by the adjusted close, whether they are adjusted, and findings about it.

    `is_usually_adjusted` says that prices in files of this kind are adjusted already, which the file's own splits and
    dividends may contradict.

    Where it is missing, 0 or negative beside a close, the factor of a session beside it holds; see `_fill_factors`. The
    last session keeps the prices that were traded, whatever the file's adjusted close of it is.
    """
    bars, is_adjusted, findings = _adjust_by_closes(rows) if has_adjusted_close else (_bars_of(rows, 1.0), False, [])
    is_adjusted |= is_usually_adjusted
    split, dividend = np.nan_to_num(rows.split), np.nan_to_num(rows.dividend)
    unadjusted = _find_unadjusted_splits(bars, split)
    findings += _describe_unadjusted_splits(bars, split, unadjusted, is_usual=is_adjusted)
    if has_adjusted_close:
        findings += find_dividend_mismatches(rows.day, rows.close, rows.adj_close, dividend)
    elif is_adjusted and (unadjusted_for := find_unadjusted_dividends(bars, dividend)):
        findings.append(unadjusted_for)
    has_no_adjustment = len(unadjusted) == np.count_nonzero(_is_split(split)) > 0
    return bars, is_adjusted and not has_no_adjustment, findings


def dividends_of_later_shares(rows: PriceRows) -> Floats:
    """Return the dividend of each row for a share after all later splits, shape (n,), 0 for none.

    Where closes move by a split, they are those of the day, and so are the dividends before it.
    """
    split, dividend = np.nan_to_num(rows.split), np.maximum(np.nan_to_num(rows.dividend), 0.0)
    for row in _find_unadjusted_splits(_bars_of(rows, 1.0), split):
        dividend[:row] /= _split_until(split, row)
    return dividend


def _adjust_by_closes(rows: PriceRows) -> tuple[Bars, bool, list[Finding]]:
    findings: list[Finding] = []
    priced = (rows.close > 0) & np.isfinite(rows.close)
    usable = priced & (rows.adj_close > 0) & np.isfinite(rows.adj_close)
    factor, changes = _fill_factors(usable, rows)
    negative = priced & (rows.adj_close < 0)
    for kind, lost in {
        "no adjusted close": priced & ~usable & ~negative,
        "a negative adjusted close": negative,
    }.items():
        findings += _findings_about_factor(kind, rows, lost, is_filled=bool(usable.any()))
    findings += _findings_about_changes(rows, changes)
    scale = _find_scale(rows, factor)
    findings += _findings_about_scale(scale)
    return _bars_of(rows, factor * scale), bool(usable.any()), findings


def _bars_of(rows: PriceRows, factor: Floats | float) -> Bars:
    open_, high, low, close = (column * factor for column in (rows.open, rows.high, rows.low, rows.close))
    return Bars(rows.day, open_, high, low, close, rows.volume)


def _find_unadjusted_splits(bars: Bars, split: Floats) -> list[int]:
    """Return the rows whose opening moved by about the split of that session, so that prices are not adjusted for it.

    `split` has the shape of the bars. A split smaller than a few usual nights cannot be told.
    """
    priced = np.flatnonzero((bars.close > 0) & (bars.open > 0))
    overnight = np.log(bars.open[priced[1:]] / bars.close[priced[:-1]])
    smallest = NIGHTS * np.median(np.abs(overnight)) if len(overnight) else 0.0
    found = []
    for row in np.flatnonzero(_is_split(split) & np.isfinite(split)).tolist():
        place = int(np.searchsorted(priced, row))  # the session itself, or the next that was traded
        expected = -np.log(split[row])
        if 0 < place < len(priced) and abs(expected) > smallest:
            move = overnight[place - 1]
            found += [int(priced[place])] if abs(move - expected) < abs(move) else []
    return found


def _describe_unadjusted_splits(bars: Bars, split: Floats, rows: list[int], *, is_usual: bool) -> list[Finding]:
    """Return one finding for each of these rows; `is_usual` says that files of this kind are adjusted for splits."""
    although = ", although files of this kind usually are" if is_usual else ""
    findings = []
    for row in rows:
        day = bars.session[row].astype(object)
        named = _split_until(split, row)
        message = f"The file names a split of {named:g} for {day}, and its prices are not adjusted for it{although}."
        findings.append(Finding(UNADJUSTED_SPLIT, message, "warning", day))
    return findings


def _split_until(split: Floats, row: int) -> float:
    """Return the last split up to a row of `_find_unadjusted_splits`."""
    return float(split[np.flatnonzero(_is_split(split[: row + 1]))[-1]])


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
        has_closes = (rows.close[before + 1 : after] > 0).any()
        if has_closes and abs(change - 1) > SAME_FACTOR:
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


def _find_scale(rows: PriceRows, factor: Floats) -> float:
    """Return by what all factors are multiplied so that the last priced session's is 1."""
    prices = np.array([rows.open, rows.high, rows.low, rows.close])
    whole = np.flatnonzero(((prices > 0) & np.isfinite(prices)).all(axis=0))
    return float(1 / factor[whole[-1]]) if len(whole) else 1.0


def _findings_about_scale(scale: float) -> list[Finding]:
    if abs(scale - 1) <= SAME_FACTOR:
        return []
    message = (
        f"The last adjusted close is {1 / scale:.4g} times the close: adjusted prices are multiplied by {scale:.4g}, "
        "so that the last session has the prices that were traded."
    )
    return [Finding("adjustment_scaled", message, "warning")]


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
