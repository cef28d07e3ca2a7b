"""Identity: whether a source's answer is about the same security as the stored bars, by its currency and type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from analysis.prices.instruments import InstrumentKind
from analysis.prices.port import PriceError, PriceErrorKind, StockMetadata

NEEDED = 3
"""Answers in a row that have to say the same before it is believed: the first, and two that confirm it."""


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """Another currency or type (the value of an `InstrumentKind`) than before, said by so many answers in a row."""

    currency: str
    kind: str
    times: int = 1

    @property
    def is_believed(self) -> bool:
        return self.times >= NEEDED

    def as_dict(self) -> dict[str, str | int]:
        """Return the change for JSON."""
        return {"currency": self.currency, "kind": self.kind, "times": self.times}

    @classmethod
    def from_dict(cls, stored: Mapping[str, str | int]) -> Self | None:
        """Return the change of which `as_dict` made this; None for an empty one."""
        return cls(str(stored["currency"]), str(stored["kind"]), int(stored["times"])) if stored else None


class IdentityChanged(PriceError):
    """An answer that names another currency or type than the stored bars; it is not used until it is confirmed."""

    def __init__(self, ticker: str, before: StockMetadata, change: IdentityChange) -> None:
        missing = NEEDED - change.times
        answers = "the next answer says" if missing == 1 else f"the next {missing} answers say"
        message = (
            f"The answer for {ticker} {describe_change(before, change)}: it is not used unless {answers} the same."
        )
        super().__init__(PriceErrorKind.BAD_DATA, message, permanent=False)
        self.change = change


def find_identity_change(
    before: StockMetadata, now: StockMetadata, earlier: IdentityChange | None
) -> IdentityChange | None:
    """Return the change of an answer that names another currency or type than before; None if it does not.

    `earlier` is the change of the answer before it.
    """
    is_other = _differs(before.currency, now.currency) or _differs(before.kind, now.kind)
    if not is_other:
        return None
    is_same_change = earlier is not None and (earlier.currency, earlier.kind) == (now.currency, now.kind)
    return IdentityChange(now.currency, now.kind, 1 + (earlier.times if earlier and is_same_change else 0))


def describe_change(before: StockMetadata, change: IdentityChange) -> str:
    """Return the change as the end of a sentence about an answer."""
    parts = []
    if _differs(before.currency, change.currency):
        parts.append(f"has prices in {change.currency}, and those before were in {before.currency}")
    if _differs(before.kind, change.kind):
        was, now = (InstrumentKind(kind).label.lower() for kind in (before.kind, change.kind))
        parts.append(f"names the type {now}, and those before named {was}")
    return ", and ".join(parts)


def _differs(before: str, now: str) -> bool:
    return bool(before and now and before != now)
