"""Stock summary: the last state and result of one stock with the plan for one user, as every page shows it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.conf import settings

from analysis import clock
from analysis.capital import SizingCapital, SizingProfile, capital_in, size_for
from analysis.engine.plan import NoPlan, Plan
from analysis.engine.sizing import Sizing
from analysis.engine.verdict import Side, Verdict
from analysis.models import PriceSourceName, Rating, Result, Stock, StockStatus, retry_text
from analysis.pages.source_notice import SourceNotice
from analysis.prices.sessions import local_time, sessions_late
from analysis.prices.source_order import SourceOrder
from analysis.request_pace import is_paced
from analysis.wait_sentences import describe_wait

IN_WORK = (StockStatus.QUEUED, StockStatus.PROCESSING)
UNRATED = "Your strategy has not rated it yet. A worker does so from stored prices, within a minute."


def describe_lack(rating: Rating | None) -> str:
    """Return why a completed result has no verdict by the reader's strategy; empty if it has one."""
    return rating.no_score_reason if rating else UNRATED


@dataclass(frozen=True)
class StockSummary:
    """A stock with its newest success, its `rating` by the reader's strategy, and the age of the result at `now`.

    The plan is sized for `profile`, and `now` is aware. `attempts` is the number of attempts of the job in which the
    stock waits or is in work, and `started_at` the beginning of the present one.
    """

    stock: Stock
    rating: Rating | None
    profile: SizingProfile
    now: datetime
    attempts: int = 0
    started_at: datetime | None = None

    @property
    def result(self) -> Result | None:
        return self.stock.last_result

    @property
    def is_active(self) -> bool:
        return self.stock.last_status in IN_WORK

    @property
    def retry(self) -> str:
        """Return which further try runs or waits, as in “2 of 3”; empty at the first."""
        return retry_text(self.stock.last_status, self.attempts)

    def describe_wait(self, notice: SourceNotice | None) -> str:
        """Return why the stock cannot be requested yet and when it can; empty if it waits for a worker alone."""
        stock = self.stock
        if stock.last_status != StockStatus.QUEUED:
            return ""
        if notice and is_paced(self.sources[0]):
            return notice.describe_wait_of(stock.last_wait, stock.last_wait_until)
        is_ahead = stock.last_wait_until is not None and stock.last_wait_until > clock.now()
        return describe_wait(stock.last_wait, stock.last_wait_until) if is_ahead else ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the names of the stock's price sources, first to last."""
        return self._sources_of(settings.PRICE_SOURCE)

    def _sources_of(self, first: str) -> tuple[str, ...]:
        order: SourceOrder = settings.PRICE_ORDER
        return order.names(self.stock.pk, self.stock.instrument.exchange, first)

    @property
    def source_note(self) -> str:
        """Return a sentence if the result's prices come from a later source than the stock's first one; else empty."""
        result = self.result
        if result is None or result.price_source not in self.sources[1:]:
            return ""
        first = self._sources_of(result.job.price_source)[0]
        if first == result.price_source:  # the order was another then
            return ""
        name = PriceSourceName(first).label
        return f"Prices from {result.get_price_source_display()}, because {name} gave none that could be used."

    @property
    def uses_yahoo(self) -> bool:
        """Return whether Yahoo is among the stock's price sources."""
        return any(is_paced(source) for source in self.sources)

    @property
    def has_failed(self) -> bool:
        return self.stock.last_status == StockStatus.FAILED

    @property
    def is_unrated(self) -> bool:
        """Return whether the result is not rated by the reader's strategy yet: a worker does so within a minute."""
        return self.result is not None and self.rating is None

    @property
    def is_live(self) -> bool:
        """Return whether an analysis or a rating is to come, so that a page has to look for it."""
        return self.is_active or self.is_unrated

    @property
    def lack_of_verdict(self) -> str:
        """Return why the result has no verdict for the reader; empty if it has one, or if there is no result."""
        return describe_lack(self.rating) if self.result else ""

    @property
    def verdict(self) -> Verdict | None:
        return Verdict(self.rating.verdict) if self.rating and self.rating.verdict else None

    @property
    def raw_verdict(self) -> Verdict | None:
        """Return the day's raw verdict if it differs from the steady one, else None."""
        return Verdict(self.rating.raw_verdict) if self.rating and self.rating.is_held_back else None

    @cached_property
    def sessions_late(self) -> int:
        """Return how many sessions have closed since that of the result."""
        return sessions_late(self.stock.instrument.exchange, self.result.day, self.now) if self.result else 0

    @property
    def plan(self) -> Plan | None:
        """Return the plan to show: none of a short to a user who trades long only."""
        is_hidden = self.fresh_plan and self.fresh_plan.side is Side.SHORT and self.profile.long_only
        return None if is_hidden else self.fresh_plan

    @property
    def _is_too_old(self) -> bool:
        return self.sessions_late >= settings.MAX_PRICE_AGE_SESSIONS

    @property
    def _has_split(self) -> bool:
        """Return whether the shares were split after the result was computed: its prices are those of other shares."""
        split, result = self.stock.last_split, self.result
        if split is None or result is None:
            return False
        computed = local_time(self.stock.instrument.exchange, result.completed_at).date()
        return split > max(result.day, computed)

    @cached_property
    def obstacle_to_plan(self) -> str:
        """Return why the plan of the result counts no more; empty if it does."""
        if self._is_too_old:
            return f"no plan: the last price is {self.sessions_late:,} trading days old"
        if self._has_split:
            return f"no plan: a split on {self.stock.last_split} came after it; analyse the stock again"
        return ""

    @cached_property
    def fresh_plan(self) -> Plan | None:
        """Return the plan of the rating; none if its price is too old, or from before a split."""
        return self.rating.plan if self.rating and not self.obstacle_to_plan else None

    @cached_property
    def _sized(self) -> Sizing | NoPlan | None:
        return size_for(self.fresh_plan, self.profile, self.stock.instrument) if self.fresh_plan else None

    @property
    def capital_note(self) -> str:
        """Return a sentence about the capital that the size rests on; empty if it is in the stock's currency."""
        capital = capital_in(self.stock.main_currency, self.profile)
        return capital.note if isinstance(capital, SizingCapital) else ""

    @property
    def sizing(self) -> Sizing | None:
        return self._sized if isinstance(self._sized, Sizing) else None

    @property
    def no_trade_reason(self) -> str:
        """Return why there is no trade: the reason of the result, or of this user's limits; empty if there is one."""
        if isinstance(self._sized, NoPlan):
            return self._sized.reason
        if self.rating and self.rating.plan and self.obstacle_to_plan:
            return self.obstacle_to_plan
        return self.rating.no_trade_reason if self.rating and not self.fresh_plan else ""
