"""Stocks: each by its Yahoo symbol, with what is known of it and its last state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Exists, Q, When
from django.urls import reverse

from analysis.engine.verdict import Verdict
from analysis.models.ratings import Rating
from analysis.models.statuses import StockStatus
from analysis.prices.exchanges import Exchange
from analysis.prices.instruments import Instrument, InstrumentKind, exchange_of, instrument_of
from analysis.prices.tickers import DEMO_SUFFIX, invalid_ticker_message, is_demo, is_well_formed


def validate_ticker(text: str) -> None:
    if not is_well_formed(text):
        raise ValidationError(invalid_ticker_message(text))


HALF_A_DIGIT = 0.005
"""Scores (in [-1, 1]), changes in percent and risk:rewards are shown to a hundredth."""

MOST_REFUSALS = 3
"""After so many answers that a ticker does not exist, scheduled runs omit an unconfirmed stock."""


RATING: str = "rating"  # the relation of `with_rating`, which no field has


class StockQuerySet(models.QuerySet["Stock"]):
    def active(self) -> StockQuerySet:
        """Return the stocks of bulk jobs, searches and schedules, without unconfirmed ones."""
        return self.filter(is_active=True, is_confirmed=True)

    def unconfirmed(self) -> StockQuerySet:
        return self.filter(is_confirmed=False)

    def demo(self) -> StockQuerySet:
        return self.filter(pk__endswith=DEMO_SUFFIX)

    def real(self) -> StockQuerySet:
        """Return the active stocks that are not of the demo market.

        Once there is one, whatever spans the installation leaves the demo market out: see `without_demo`.
        """
        return self.active().exclude(pk__endswith=DEMO_SUFFIX)

    def without_demo(self) -> StockQuerySet:
        """Return the stocks without those of the demo market, unless the installation has no others yet."""
        return self.exclude(Exists(Stock.objects.real()), pk__endswith=DEMO_SUFFIX)

    def has_demo_left_out(self) -> bool:
        """Return whether `without_demo` leaves some of these stocks out."""
        return self.demo().filter(Exists(Stock.objects.real())).exists()

    def to_schedule(self) -> StockQuerySet:
        """Return the stocks that a scheduled run may still request from their source."""
        return self.exclude(is_confirmed=False, refusals__gte=MOST_REFUSALS)

    def analyzed(self) -> StockQuerySet:
        return self.filter(last_result__isnull=False)

    def with_rating(self, strategy: str) -> StockQuerySet:
        """Read each stock's latest result with it, and that result's rating by a strategy as `rating`."""
        of_strategy = Q(last_result__ratings__strategy=strategy)
        by_strategy = models.FilteredRelation("last_result__ratings", condition=of_strategy)
        return self.annotate(**{RATING: by_strategy}).select_related("last_result", RATING)

    def at_least(self, column: str, lowest: float) -> StockQuerySet:
        """Return the stocks whose number as shown is not below this one: 1.996 is shown as 2.00, and is at least 2."""
        return self.filter(**{f"{column}__gte": round(lowest - HALF_A_DIGIT, 9)})

    def at_most(self, column: str, highest: float) -> StockQuerySet:
        """Return the stocks whose number as shown is not above this one."""
        return self.filter(**{f"{column}__lt": round(highest + HALF_A_DIGIT, 9)})

    def verdict_changed_since(self, day: date) -> StockQuerySet:
        """Return the stocks with a verdict other than Neutral that began on this day or later; after `with_rating`."""
        began = self.filter(**{f"{RATING}__verdict_since__gte": day})
        return began.exclude(**{f"{RATING}__verdict": Verdict.NEUTRAL.value})

    def exchanges(self) -> dict[str, Exchange]:
        """Return the exchange of each stock by its ticker; one query."""
        rows = self.order_by().values_list("pk", "exchange")
        return {ticker: exchange_of(ticker, code) for ticker, code in rows}

    def lock(self, tickers: Iterable[str]) -> list[str]:
        """Lock these rows, always in the same order, so that transactions cannot deadlock.

        Return the tickers of existing rows.
        """
        rows = self.filter(pk__in=tickers).order_by("pk").select_for_update(no_key=True)
        return list(rows.values_list("pk", flat=True))

    def find(self, *tickers: str) -> Stock | None:
        """Return the stock of the first of these tickers that has one.

        If none has, return the one that had one of them last, before it was renamed.
        """
        found = self.in_bulk(tickers)
        renamed = self.filter(former_tickers__ticker__in=tickers).order_by("-former_tickers__renamed_at", "pk")
        return next((found[ticker] for ticker in tickers if ticker in found), None) or renamed.first()

    def named(self, text: str) -> StockQuerySet:
        """Return the stocks whose ticker or former ticker starts with the text, or with it as ISIN or in the name."""
        renamed = Stock.objects.filter(former_tickers__ticker__istartswith=text).values("pk")
        by_ticker = Q(ticker__istartswith=text) | Q(pk__in=renamed)
        return self.filter(by_ticker | Q(name__icontains=text) | Q(isin__iexact=text, isin__gt=""))

    def matching(self, text: str) -> StockQuerySet:
        """Return the active stocks of this name, the nearest first, by `search_rank`.

        The order is: the ticker, the ticker without its suffix, the beginning of a ticker, of a name, of a word of a
        name, and the rest.
        """
        near = (
            Q(ticker__iexact=text),
            Q(ticker__istartswith=f"{text}."),
            Q(ticker__istartswith=text),
            Q(name__istartswith=text),
            Q(name__icontains=f" {text}"),
        )
        ranks = [When(condition, then=rank) for rank, condition in enumerate(near)]
        rank = Case(*ranks, default=len(near), output_field=models.SmallIntegerField())
        return self.active().named(text).annotate(search_rank=rank).order_by("search_rank", "ticker")


class Stock(models.Model):
    """A stock by its Yahoo symbol, with its own last state so that a list of stocks is one query.

    `last_status` and `last_job` are of the newest attempt, `last_result` is the newest success: it stays when a later
    attempt fails.
    """

    ticker = models.CharField(primary_key=True, max_length=20, validators=[validate_ticker])
    name = models.CharField(max_length=200, blank=True)
    exchange = models.CharField(max_length=16, blank=True)
    currency = models.CharField(max_length=3, blank=True, help_text="In which prices are quoted; GBp is pence.")
    kind = models.CharField(
        max_length=8, choices=[(kind.value, kind.label) for kind in InstrumentKind], default=InstrumentKind.SHARE
    )
    decimals = models.PositiveSmallIntegerField(default=2, help_text="Digits after the point of its prices.")
    source_decimals = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Digits that its price source shows, if it says so."
    )
    isin = models.CharField(
        "ISIN", max_length=12, blank=True, help_text="The security's number, which stays when its ticker changes."
    )
    industry = models.CharField(max_length=100, blank=True)
    last_split = models.DateField(
        null=True, blank=True, help_text="The first session of the latest split that its source knows."
    )
    is_active = models.BooleanField(default=True)
    is_confirmed = models.BooleanField(
        "confirmed",
        default=True,
        help_text="Whether it is on a loaded list or has ever had a price; a ticker that a user typed has not.",
    )
    refusals = models.PositiveSmallIntegerField(
        default=0, help_text="While unconfirmed: how many analyses were told that there is no such ticker."
    )
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="While unconfirmed: the user who brought it in, against whose limit it counts.",
    )

    last_status = models.CharField(max_length=12, choices=StockStatus, default=StockStatus.NEVER)
    last_job = models.ForeignKey("Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    last_result = models.ForeignKey("Result", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    last_analyzed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    last_wait = models.CharField(max_length=500, blank=True, help_text="Why it waits, while queued.")
    last_wait_until = models.DateTimeField(null=True, blank=True, help_text="When its source is tried again.")

    rating: Rating | None = None
    """The latest result's rating by the reader's strategy, None if there is none; set by `with_rating`."""

    objects: ClassVar[models.Manager[Stock]] = StockQuerySet.as_manager()

    class Meta:
        ordering = ["ticker"]
        indexes = [
            models.Index(fields=["name"], name="stock_by_name"),
            models.Index(fields=["industry"], name="stock_by_industry"),
            models.Index(fields=["isin"], name="stock_by_isin", condition=~Q(isin="")),
        ]
        constraints = [
            models.CheckConstraint(name="stock_ticker_is_not_empty", condition=~Q(ticker="")),
            models.CheckConstraint(
                name="stock_counts_refusals_while_unconfirmed", condition=Q(is_confirmed=False) | Q(refusals=0)
            ),
            models.CheckConstraint(
                name="stock_kind_is_known", condition=Q(kind__in=[kind.value for kind in InstrumentKind])
            ),
            models.CheckConstraint(name="stock_last_status_is_known", condition=Q(last_status__in=StockStatus.values)),
            models.CheckConstraint(
                name="stock_waits_until_a_time_and_says_why",
                condition=Q(last_wait="", last_wait_until__isnull=True)
                | ~Q(last_wait="") & Q(last_wait_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.ticker

    def get_absolute_url(self) -> str:
        return reverse("analysis:stock", args=[self.ticker])

    @property
    def is_given_up(self) -> bool:
        """Return whether scheduled runs omit it, because MOST_REFUSALS analyses found no such ticker."""
        return not self.is_confirmed and self.refusals >= MOST_REFUSALS

    @property
    def confirmation_problem(self) -> str:
        """Return a sentence about an unconfirmed ticker; empty once it is confirmed."""
        refused = f"{'1 analysis' if self.refusals == 1 else f'{self.refusals} analyses'} found no such ticker"
        if self.is_confirmed:
            return ""
        if self.is_given_up:
            return f"Unknown ticker: {refused}. Scheduled runs leave it out. Check the spelling, or analyse it again."
        if self.refusals:
            return f"Ticker not confirmed yet: {refused}. After {MOST_REFUSALS}, scheduled runs leave it out."
        return "Ticker not confirmed yet: no price has been found for it so far."

    @classmethod
    def of_ticker(cls, ticker: str) -> Stock:
        """Return a stock, not yet saved, with what the form of its ticker tells."""
        instrument = instrument_of(ticker)
        return cls(
            ticker=ticker,
            kind=instrument.kind,
            exchange=instrument.exchange.code,
            currency=instrument.currency,
            decimals=instrument.exchange.decimals,
        )

    @property
    def instrument(self) -> Instrument:
        """Return the instrument that its ticker and what is stored of it describe."""
        return instrument_of(
            self.ticker,
            kind=self.kind,
            exchange=self.exchange,
            currency=self.currency,
            source_decimals=self.source_decimals,
        )

    @property
    def main_currency(self) -> str:
        """Return the currency of money: GBP where prices are in pence."""
        return self.instrument.main_currency

    @property
    def size_noun(self) -> str:
        """Return the word for one of it: a share, or a unit of a currency."""
        return self.instrument.size_noun

    @property
    def is_demo(self) -> bool:
        return is_demo(self.ticker)
