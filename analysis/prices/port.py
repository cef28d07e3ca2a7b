"""The port: what every price source answers, and how it says that it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Protocol, Self

from analysis.engine.bars import Bars

type Severity = Literal["info", "repair", "warning"]


class ErrorKind(StrEnum):
    """Why a ticker has no bars."""

    UNKNOWN_TICKER = "unknown_ticker"
    NO_DATA = "no_data"
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    BAD_DATA = "bad_data"


class PriceError(Exception):
    """One ticker's bars cannot be had.

    `message` is a sentence for the user; `permanent` says that trying again does not help.
    """

    def __init__(self, kind: ErrorKind, message: str, permanent: bool) -> None:
        super().__init__(kind, message, permanent)
        self.kind = kind
        self.message = message
        self.permanent = permanent

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Finding:
    """Something noticed about a stock's bars: a stable code, a sentence, and the last session it concerns, if one."""

    code: str
    message: str
    severity: Severity
    session: date | None = None

    def as_dict(self) -> dict[str, str | None]:
        """The finding in JSON's types."""
        session = self.session.isoformat() if self.session else None
        return {"code": self.code, "message": self.message, "severity": self.severity, "session": session}

    @classmethod
    def from_dict(cls, stored: dict[str, str | None]) -> Self:
        """The finding that `as_dict` stored; KeyError or ValueError when it is none."""
        session = stored["session"]
        return cls(
            code=str(stored["code"]),
            message=str(stored["message"]),
            severity=_severity(stored["severity"]),
            session=date.fromisoformat(session) if session else None,
        )


@dataclass(frozen=True, slots=True)
class History:
    """One ticker's daily bars as the source had them, at least one, sorted by session.

    They may still hold NaN rows, duplicates and an unfinished session: `quality.check` comes before any use.
    `adjusted` tells whether prices are adjusted for splits and dividends; `findings` is what the source itself noticed.
    """

    bars: Bars
    adjusted: bool
    findings: tuple[Finding, ...] = ()
    name: str = ""
    currency: str = ""


class PriceSource(Protocol):
    """Where daily bars come from."""

    @property
    def name(self) -> str:
        """The source's stable name, as stored with the bars."""

    @property
    def is_incremental(self) -> bool:
        """Whether stored bars stay true, so that only later sessions need be asked for; if not, all are each time."""

    def daily(self, tickers: Sequence[str], since: date | None) -> dict[str, History | PriceError]:
        """The bars of each ticker from `since` on (None: all there are), or the error that says why there are none.

        One answer per ticker, under the ticker as it was asked for; nothing is raised for the batch.
        """

    def has_changed(self, ticker: str, since: datetime) -> bool:
        """Whether its bars of a ticker were changed after a moment (aware), where that can be told without fetching."""


def _severity(value: str | None) -> Severity:
    match value:
        case "info" | "repair" | "warning":
            return value
    raise ValueError(f"{value!r} is not a severity")
