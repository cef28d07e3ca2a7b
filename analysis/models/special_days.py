"""Special days: holidays and sessions of an exchange that its calendar in the library does not have."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from analysis.prices.exchanges import EXCHANGE_BY_CODE, Exchange, exchange_named
from analysis.prices.special_days import CalendarEntry, DaySource, SpecialDays, has_special_days
from analysis.prices.trading_calendar import END, FIRST_DAY

SOURCE_LABELS = {
    DaySource.LIST: "Published list",
    DaySource.ADMIN: "Administrator",
    DaySource.LEARNED: "Learned from prices",
}
COLUMNS = ("exchange", "day", "is_session", "source", "closes_at")


def exchange_choices() -> list[tuple[str, str]]:
    """Return code and name of the exchanges that can have special days, by name."""
    exchanges = (exchange for exchange in EXCHANGE_BY_CODE.values() if has_special_days(exchange))
    return sorted(((exchange.code, exchange.name) for exchange in exchanges), key=lambda choice: choice[1].lower())


class SpecialDayQuerySet(models.QuerySet["SpecialDay"]):
    def as_special_days(self) -> SpecialDays:
        """Return the rows as values for `analysis.prices`; one query."""
        rows = self.order_by("exchange", "day").values_list(*COLUMNS)
        return SpecialDays(
            CalendarEntry(exchange, day, is_session, DaySource(source), closes_at)
            for exchange, day, is_session, source, closes_at in rows
        )


class SpecialDay(models.Model):
    """A day on which an exchange departs from its calendar: closed, or a session with its hours.

    One that administrators or a list name counts for all exchanges with the same calendar, as NSE and BSE; see
    `analysis.prices.trading_calendar` for what counts more.
    """

    exchange = models.CharField(max_length=16, choices=exchange_choices)
    day = models.DateField()
    is_session = models.BooleanField(
        "session", default=False, help_text="Whether the exchange trades on this day; otherwise it is closed."
    )
    opens_at = models.TimeField("opens", null=True, blank=True, help_text="Local time; of a session only.")
    closes_at = models.TimeField(
        "closes", null=True, blank=True, help_text="Local time; empty for the exchange's usual close."
    )
    name = models.CharField(max_length=200, blank=True, help_text="The holiday, or the reason for the session.")
    source = models.CharField(
        max_length=8,
        choices=[(source.value, label) for source, label in SOURCE_LABELS.items()],
        default=DaySource.ADMIN,
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager[SpecialDay]] = SpecialDayQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "exchange"]
        constraints = [
            models.UniqueConstraint(fields=["exchange", "day"], name="one_special_day_per_exchange_and_day"),
            models.CheckConstraint(name="special_day_has_an_exchange", condition=~Q(exchange="")),
            models.CheckConstraint(
                name="special_day_is_within_the_calendars", condition=Q(day__gte=FIRST_DAY, day__lt=END)
            ),
            models.CheckConstraint(
                name="special_day_has_hours_only_as_a_session",
                condition=Q(is_session=True) | Q(opens_at__isnull=True, closes_at__isnull=True),
            ),
            models.CheckConstraint(
                name="special_day_closes_after_it_opens",
                condition=Q(opens_at__isnull=True) | Q(closes_at__gt=F("opens_at")),
            ),
            models.CheckConstraint(
                name="special_day_source_is_known", condition=Q(source__in=[source.value for source in DaySource])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exchange} {self.day}: {'session' if self.is_session else 'closed'}"

    @property
    def market(self) -> Exchange:
        return exchange_named(self.exchange)

    def clean(self) -> None:
        """Raise ValidationError, by field, for a day or hours that cannot be."""
        problems = {}
        day: date | None = self.day  # None if the form could not read it
        if day is not None and not FIRST_DAY <= day < END:
            problems["day"] = f"Enter a day from {FIRST_DAY} to {END.year - 1}-12-31: calendars have no other."
        if not self.is_session and (self.opens_at or self.closes_at):
            problems["is_session"] = "A day with hours is a session: tick it, or clear the hours."
        elif self.opens_at and not self.closes_at:
            problems["closes_at"] = "Enter when the session closes, too."
        elif self.opens_at and self.closes_at and self.closes_at <= self.opens_at:
            problems["closes_at"] = "The session has to close after it opens, on the same day."
        elif self.is_session and not self.closes_at and self.exchange and not self.market.calendar:
            problems["closes_at"] = f"Enter the close: the usual one of {self.market.name} is not known."
        if problems:
            raise ValidationError(problems)
