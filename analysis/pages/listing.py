"""Listing: what a stock's source says of it beside its prices, with its dividends and splits."""

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cached_property

import numpy as np

from analysis.engine.bars import Bars, Sessions
from analysis.models import PriceHistory, Stock
from analysis.prices.dividends import DIVIDEND_MISMATCH, YEAR, DividendSummary, summarise_dividends
from analysis.prices.instruments import InstrumentKind
from analysis.prices.port import StockMetadata, TradedPrices

MOST_MORE_DECIMALS = 4
ROUNDED = 1e-3  # share of a dividend by which it may be rounded
LARGEST_PART, SMALL_PART = 1000, 20  # of a split that is written as a ratio
SAME_RATIO = 1e-6
PAYING_KINDS = (InstrumentKind.SHARE, InstrumentKind.FUND)


@dataclass(frozen=True, slots=True)
class PriceEvent:
    """A dividend of a session that trades without it, or a split, written like 2:1, that took effect in it."""

    day: date
    dividend: float | None = None
    split: str = ""


@dataclass(frozen=True)
class StockListing:
    """The stored facts about a stock beside its bars; those that are not known are empty or None.

    `currency` and `decimals` are those of its dividends, as in a price of it.
    """

    stock: Stock
    history: PriceHistory | None

    @cached_property
    def traded(self) -> TradedPrices | None:
        """Return what was traded, None if the source did not say or what is stored is damaged."""
        try:
            return self.history.unpack_traded() if self.history else None
        except ValueError:
            return None

    @cached_property
    def metadata(self) -> StockMetadata:
        return self.history.read_metadata() if self.history else StockMetadata()

    @property
    def kind(self) -> str:
        """Return the kind in words; empty for a share."""
        kind = self.stock.instrument.kind
        return "" if kind is InstrumentKind.SHARE else kind.label

    @property
    def is_known(self) -> bool:
        """Return whether there is anything to show."""
        return any(
            (self.metadata.exchange_name, self.metadata.first_trade_date, self.kind, self.dividends, self.events)
        )

    @property
    def currency(self) -> str:
        return self.stock.currency

    @cached_property
    def decimals(self) -> int:
        """Return the decimals of a price, or as many more as the dividends need."""
        least = self.stock.decimals
        amounts = list(self.traded.dividends.values()) if self.traded else []
        enough = (
            decimals
            for decimals in range(least, least + MOST_MORE_DECIMALS)
            if all(abs(round(amount, decimals) - amount) <= ROUNDED * amount for amount in amounts)
        )
        return next(enough, least + MOST_MORE_DECIMALS)

    @cached_property
    def dividends(self) -> DividendSummary | None:
        """Return the latest dividends; None if they are not known, or if there are none and never are of its kind."""
        summary = summarise_dividends(self.traded) if self.traded else None
        if summary and not summary.last and self.stock.instrument.kind not in PAYING_KINDS:
            return None
        return summary

    @cached_property
    def dividend_yield(self) -> float | None:
        """Return the dividends of the last twelve months as a share of the last close.

        None without any, and if one of them does not agree with the prices: it may be in another unit.
        """
        close = self._last_close
        if not (self.dividends and self.dividends.year_total and close) or self._has_doubtful_dividend:
            return None
        return self.dividends.year_total / close

    @cached_property
    def last_split(self) -> PriceEvent | None:
        return next((event for event in self.events if event.split), None)

    @cached_property
    def events(self) -> list[PriceEvent]:
        """Return the known dividends and splits, latest first."""
        if self.traded is None:
            return []
        dividends = [PriceEvent(day, dividend=amount) for day, amount in self.traded.dividends.items()]
        splits = [PriceEvent(day, split=split_in_words(factor)) for day, factor in self.traded.splits.items()]
        return sorted([*splits, *dividends], key=lambda event: event.day, reverse=True)

    def events_at(self, session: Sessions) -> list[PriceEvent]:
        """Return the events since the first of these sessions, each at its session, or the next one that is there."""
        placed = []
        for event in self.events:
            row = int(np.searchsorted(session, np.datetime64(event.day, "D")))
            if row < len(session) and np.datetime64(event.day, "D") >= session[0]:
                placed.append(replace(event, day=session[row].astype(object)))
        return placed

    @cached_property
    def _last_close(self) -> float | None:
        bars = _unpack_bars(self.history)
        closes = bars.close[bars.close > 0].tolist() if bars else []
        return closes[-1] if closes else None

    @property
    def _has_doubtful_dividend(self) -> bool:
        return self.history is not None and any(
            finding.code == DIVIDEND_MISMATCH and finding.session and finding.session > self.history.last_session - YEAR
            for finding in self.history.source_findings()
        )


def split_in_words(factor: float) -> str:
    """Return a split as new and old shares, like 2:1 and 1:10, or 1.0834:1 where neither is a small number."""
    ratio = Fraction(factor).limit_denominator(LARGEST_PART)
    is_exact = 0 < min(ratio.numerator, ratio.denominator) <= SMALL_PART and abs(ratio / factor - 1) < SAME_RATIO
    return f"{ratio.numerator}:{ratio.denominator}" if is_exact else f"{factor:.5g}:1"


def _unpack_bars(history: PriceHistory | None) -> Bars | None:
    try:
        return history.unpack() if history else None
    except ValueError:  # damaged, or written by another version
        return None
