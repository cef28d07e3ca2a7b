"""Source notice: that requests to Yahoo are paused, and when the next one is sent.

It is shown while requests are paused, and afterwards until an answer shows that Yahoo works again. If nothing is to be
requested then, it stays for SHOWN_FOR.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from django.conf import settings

from analysis import clock
from analysis.models import PriceSourceName, RequestPace
from analysis.prices.pace import Pace, PaceMode, PauseReason
from analysis.prices.source_order import SourceOrder
from analysis.request_pace import CHECK_AGAIN, TURN, YAHOO_PACER
from analysis.timing import TIMING
from analysis.wait_sentences import describe_wait

SHOWN_FOR = timedelta(minutes=10)  # after the last failure, while nothing is requested
type NoticeState = tuple[PauseReason, datetime | None, bool] | None


@dataclass(frozen=True)
class SourceNotice:
    """The reason of a pause, and the time of the next attempt; None if none is planned."""

    reason: PauseReason
    until: datetime | None

    @property
    def sentence(self) -> str:
        if self.until is None:
            return f"{self.reason.sentence}; next attempt with the next analysis."
        return describe_wait(self.reason.sentence, self.until)

    def describe_wait_of(self, reason: str, until: datetime | None) -> str:
        """Return the sentence of a stock that waits for Yahoo, with the later of its own and the notice's next attempt.

        `reason` and `until` are its own, if it has any. The sentence is empty if no attempt is planned.
        """
        moments = [moment for moment in (until, self.until) if moment]
        if not moments:
            return ""
        is_own = reason.startswith(TURN) and max(moments) == until
        return describe_wait(reason if is_own else self.reason.sentence, max(moments))

    @property
    def needs_update(self) -> bool:
        """Return whether Yahoo's answers are not understood, which only another version of the application mends."""
        return self.reason is PauseReason.NOT_UNDERSTOOD

    @property
    def is_limit(self) -> bool:
        return self.reason is PauseReason.LIMITED

    @property
    def has_price_files(self) -> bool:
        """Return whether stocks with a price file are analysed from it while Yahoo is unavailable."""
        order: SourceOrder = settings.PRICE_ORDER
        return order.uses(YAHOO_PACER.source, PriceSourceName.CSV.value)

    @property
    def state(self) -> NoticeState:
        """Return what polls compare: the notice, and whether its time has passed."""
        return self.reason, self.until, self.until is not None and self.until <= clock.now()

    @property
    def stamp(self) -> str:
        """Return a hash of the state, for the address of the notice's own poll."""
        return blake2b(repr(self.state).encode(), digest_size=8).hexdigest()


def may_have_notice() -> bool:
    """Return whether the prices of any exchange come from Yahoo."""
    order: SourceOrder = settings.PRICE_ORDER
    return order.uses(YAHOO_PACER.source)


def read_source_notice() -> SourceNotice | None:
    """Return the notice to show, in one query; None, and without a query, if there can be none."""
    if not may_have_notice():
        return None
    row = RequestPace.objects.filter(pk=YAHOO_PACER.source).first()
    return _notice_of(row.pace, clock.now()) if row else None


def state_of(notice: SourceNotice | None) -> NoticeState:
    return notice.state if notice else None


def _notice_of(pace: Pace, now: datetime) -> SourceNotice | None:
    if pace.mode is PaceMode.OPEN:
        return None
    until = pace.until or now
    if until > now or now - until < TIMING.recovery_interval + CHECK_AGAIN:  # a worker wakes the stocks that wait
        return SourceNotice(pace.reason, pace.next_at if pace.mode is PaceMode.PROBING else until)
    return SourceNotice(pace.reason, None) if now - until < SHOWN_FOR else None
