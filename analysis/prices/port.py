"""The port: the interface of every price source, and its values and errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, Protocol, Self

import numpy as np

from analysis.engine.bars import Bars, Booleans, Floats, Indices, Sessions
from analysis.prices.instruments import Instrument, instrument_of

type Severity = Literal["info", "repair", "warning"]

UNADJUSTED_SPLIT = "unadjusted_split"
"""The code of a source's finding about a session with a split that it names and has not adjusted prices for."""
NOTHING_KNOWN: Mapping[str, Instrument] = MappingProxyType({})


class PriceErrorKind(StrEnum):
    """The reason that a ticker has no bars."""

    UNKNOWN_TICKER = "unknown_ticker"
    NO_DATA = "no_data"
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    BAD_DATA = "bad_data"


AWAY = (PriceErrorKind.UNAVAILABLE, PriceErrorKind.TIMEOUT)
"""The kinds of a source that did not answer; it limits requests, or has nothing for the ticker, with the others."""


class PriceError(Exception):
    """A failure to fetch one ticker's bars.

    `message` is a sentence for the user; `permanent` is true if a retry cannot succeed.
    """

    def __init__(self, kind: PriceErrorKind, message: str, permanent: bool) -> None:
        super().__init__(kind, message, permanent)
        self.kind = kind
        self.message = message
        self.permanent = permanent

    def __str__(self) -> str:
        return self.message


class OutageError(PriceError):
    """A failure that concerns all requests to the source and says nothing of the ticker."""


class DoubtfulError(PriceError):
    """An error of a ticker whose answer was odd: its source may have changed, or be wrong about this ticker alone."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A repair or suspicion about a stock's bars: a stable code, a sentence, and the last session concerned, if any."""

    code: str
    message: str
    severity: Severity
    session: date | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return the finding for JSON."""
        session = self.session.isoformat() if self.session else None
        return {"code": self.code, "message": self.message, "severity": self.severity, "session": session}

    @classmethod
    def from_dict(cls, stored: dict[str, str | None]) -> Self:
        """Return the finding of which `as_dict` made this. Raise KeyError or ValueError for anything else."""
        session = stored["session"]
        return cls(
            code=str(stored["code"]),
            message=str(stored["message"]),
            severity=_parse_severity(stored["severity"]),
            session=date.fromisoformat(session) if session else None,
        )


@dataclass(frozen=True, slots=True, eq=False)
class TradedPrices:
    """Unadjusted closes, splits and dividends by session, shape (n,) each, oldest first.

    `close` is the source's close without adjustment for dividends. A source that adjusts it for splits, as Yahoo does,
    gives the traded price only together with the later splits. `split` is the factor that took effect in the session:
    2.0 where one share became two, 1.0 without a split. `dividend` is the cash for one share that went without its
    dividend in the session, in the currency of the closes and for a share after all later splits: 0.0 without one, NaN
    where it is not known.
    """

    session: Sessions
    close: Floats
    split: Floats
    dividend: Floats

    @property
    def splits(self) -> dict[date, float]:
        """Return the splits by session."""
        return self._by_session(self.split, self.split != 1.0)

    @property
    def dividends(self) -> dict[date, float]:
        """Return the known dividends by session."""
        return self._by_session(self.dividend, self.dividend > 0)

    @property
    def knows_dividends_since(self) -> date | None:
        """Return the first session from which on each session's dividend is known; None if the last one's is not."""
        unknown = np.flatnonzero(np.isnan(self.dividend))
        known = self.session[unknown[-1] + 1 :] if len(unknown) else self.session
        return known[0].astype(object) if len(known) else None

    def split_factor_after(self, day: date) -> float:
        """Return how many of today's shares one share of this day has become."""
        return float(np.prod(self.split[self.session > np.datetime64(day, "D")]))

    def until(self, day: date) -> Self:
        """Return these without the sessions after a day."""
        kept = self.session <= np.datetime64(day, "D")
        return self._select(kept)

    def joined_with(self, later: Self) -> Self:
        """Return these with the sessions from the first to the last of `later` replaced."""
        kept = (self.session < later.session[0]) | (self.session > later.session[-1])
        before = self._select(kept)
        joined = type(self)(
            np.concatenate([before.session, later.session]),
            np.concatenate([before.close, later.close]),
            np.concatenate([before.split, later.split]),
            np.concatenate([before.dividend, later.dividend]),
        )
        return joined._select(np.argsort(joined.session, kind="stable"))

    def _select(self, rows: Booleans | Indices) -> Self:
        return type(self)(self.session[rows], self.close[rows], self.split[rows], self.dividend[rows])

    def _by_session(self, column: Floats, rows: Booleans) -> dict[date, float]:
        return dict(zip(self.session[rows].astype(object).tolist(), column[rows].tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class StockMetadata:
    """Metadata of a stock as its source reports it; empty where it says nothing.

    `currency` is the quoted one (GBp for pence), `kind` the value of an `InstrumentKind`, `exchange` the code of an
    `Exchange`, and `decimals` those in which the source shows prices. `symbol` and `exchange_name` are as the source
    writes them.
    """

    name: str = ""
    currency: str = ""
    kind: str = ""
    exchange: str = ""
    decimals: int | None = None
    symbol: str = ""
    exchange_name: str = ""
    first_trade_date: date | None = None

    def as_dict(self) -> dict[str, str | int]:
        """Return what is kept beside the bars, for JSON, without what is empty; the stock itself has the name."""
        first = self.first_trade_date.isoformat() if self.first_trade_date else ""
        kept: dict[str, str | int | None] = {
            "symbol": self.symbol,
            "currency": self.currency,
            "instrument_type": self.kind,
            "exchange": self.exchange,
            "exchange_name": self.exchange_name,
            "price_hint": self.decimals,
            "first_trade_date": first,
        }
        return {name: value for name, value in kept.items() if value is not None and value != ""}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the metadata of which `as_dict` made this. Raise ValueError for another date."""
        first = stored.get("first_trade_date")
        return cls(
            currency=stored.get("currency", ""),
            kind=stored.get("instrument_type", ""),
            exchange=stored.get("exchange", ""),
            decimals=stored.get("price_hint"),
            symbol=stored.get("symbol", ""),
            exchange_name=stored.get("exchange_name", ""),
            first_trade_date=date.fromisoformat(first) if first else None,
        )

    def describe_instrument(self, ticker: str) -> Instrument:
        """Return the instrument that these say a normalised ticker is."""
        return instrument_of(
            ticker,
            kind=self.kind,
            exchange=self.exchange,
            currency=self.currency,
            source_decimals=self.decimals,
        )


@dataclass(frozen=True, slots=True)
class History:
    """One ticker's daily bars as the source had them, at least one, sorted by session.

    They may contain NaN rows, duplicates and an unfinished session: pass them through `check_bars` before any use.
    `adjusted` is true if prices are adjusted for splits and dividends; `findings` are the source's own, and
    `traded` is None where it has no unadjusted closes.
    """

    bars: Bars
    adjusted: bool
    findings: tuple[Finding, ...] = ()
    metadata: StockMetadata = StockMetadata()
    traded: TradedPrices | None = None

    @property
    def splits(self) -> dict[date, float]:
        """Return the splits that the source knows, by session."""
        return self.traded.splits if self.traded else {}

    @property
    def lacks_dividends(self) -> bool:
        """Return whether most dividends are not known although unadjusted closes are: an earlier version stored them.

        Most, and not any, so that a session that the source has no longer does not count for ever.
        """
        if self.traded is None:
            return False
        return 2 * np.count_nonzero(~np.isnan(self.traded.dividend)) < len(self.bars)


class PriceSource(Protocol):
    """A source of daily bars."""

    @property
    def name(self) -> str:
        """Return the source's stable name, as stored with the bars."""

    @property
    def is_incremental(self) -> bool:
        """Return whether stored bars stay valid, so that only later sessions are fetched; if not, all are each time."""

    def fetch_daily(
        self, tickers: Sequence[str], since: date | None, instruments: Mapping[str, Instrument] = NOTHING_KNOWN
    ) -> dict[str, History | PriceError]:
        """Return for each ticker its bars from `since` on (None: all), or the error that explains why not.

        The keys are the tickers as they were passed; nothing is raised for the batch. `instruments` has what is known
        of tickers beyond their form, by which a source may tell whose its bars are.
        """

    def has_changed(self, ticker: str, since: datetime) -> bool:
        """Return whether a ticker's bars changed after `since` (aware); False where only a fetch could find out."""


def _parse_severity(value: str | None) -> Severity:
    match value:
        case "info" | "repair" | "warning":
            return value
    raise ValueError(f"{value!r} is not a severity")
