"""The port: the interface of every price source, and its values and errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, Protocol, Self

import numpy as np

from analysis.engine.bars import Bars, Floats, Sessions
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
    """Unadjusted closes and splits by session, shape (n,) each, oldest first.

    `close` is the source's close without adjustment for dividends. A source that adjusts it for splits, as Yahoo does,
    gives the traded price only together with the later splits. `split` is the factor that took effect in the session:
    2.0 where one share became two, 1.0 without a split.
    """

    session: Sessions
    close: Floats
    split: Floats

    @property
    def splits(self) -> dict[date, float]:
        """Return the splits by session."""
        days = np.flatnonzero(self.split != 1.0)
        return dict(zip(self.session[days].astype(object).tolist(), self.split[days].tolist(), strict=True))

    def split_factor_after(self, day: date) -> float:
        """Return how many of today's shares one share of this day has become."""
        return float(np.prod(self.split[self.session > np.datetime64(day, "D")]))

    def until(self, day: date) -> Self:
        """Return these without the sessions after a day."""
        kept = self.session <= np.datetime64(day, "D")
        return type(self)(self.session[kept], self.close[kept], self.split[kept])

    def joined_with(self, later: Self) -> Self:
        """Return these with the sessions from the first to the last of `later` replaced."""
        kept = (self.session < later.session[0]) | (self.session > later.session[-1])
        session = np.concatenate([self.session[kept], later.session])
        order = np.argsort(session, kind="stable")
        close, split = np.concatenate([self.close[kept], later.close]), np.concatenate([self.split[kept], later.split])
        return type(self)(session[order], close[order], split[order])


@dataclass(frozen=True, slots=True)
class StockMetadata:
    """Metadata of a stock as its source reports it; empty where it says nothing.

    `currency` is the quoted one (GBp for pence), `kind` the value of an `InstrumentKind`, `exchange` the code of an
    `Exchange`, and `decimals` those in which the source shows prices.
    """

    name: str = ""
    currency: str = ""
    kind: str = ""
    exchange: str = ""
    decimals: int | None = None

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
