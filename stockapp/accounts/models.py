"""Models of accounts: the user with risk settings and display preferences, and the user's API tokens."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from analysis.catalogue.offered import read_chart_indicators
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.prices.currencies import main_currency
from analysis.prices.exchanges import EXCHANGE_BY_CODE
from analysis.prices.markets import EXCHANGE_NAMES
from stockapp import grouping
from stockapp.time_zones import time_zone_choices

MOST_CAPITAL = Decimal(10**12)  # SQLite returns fifteen digits: a larger sum of cents could not be read again
PERCENT = [MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(100))]


def strategy_choices() -> list[tuple[str, str]]:
    """Return the engine's strategies, read at run time, so that a new one needs no migration."""
    return [(strategy.key, strategy.name) for strategy in STRATEGIES.values()]


def default_exchange_choices() -> list[tuple[str, str]]:
    """Return the exchanges that a bare ticker may be of, and none, read at run time like the strategies."""
    usual = settings.DEFAULT_EXCHANGE
    return [("", f"As the installation ({usual})" if usual else "None: ask me"), *EXCHANGE_NAMES.items()]


def validate_chart_indicators(value: object) -> None:
    """Raise ValidationError unless the value is a list of choices that the catalogue offers."""
    if not isinstance(value, list) or len(read_chart_indicators(value)) != len(value):
        raise ValidationError("These are not indicators of the catalogue.")


def currency_choices() -> list[tuple[str, str]]:
    """Return the currencies of money of all exchanges, read at run time, so that a new one needs no migration."""
    currencies = {main_currency(exchange.currency) for exchange in EXCHANGE_BY_CODE.values()}
    return [("", "That of each stock"), *((code, code) for code in sorted(currencies - {""}))]


def validate_capitals(value: object) -> None:
    """Raise ValidationError unless the value has an amount, as text, for each of some currencies."""
    known = {code for code, _ in currency_choices() if code}
    if not isinstance(value, dict) or not known.issuperset(value):
        raise ValidationError("These are not amounts by currency.")
    for amount in value.values():
        try:
            is_possible = isinstance(amount, str) and 0 <= Decimal(amount) <= MOST_CAPITAL
        except InvalidOperation:
            is_possible = False
        if not is_possible:
            raise ValidationError(f"“{amount}” is not an amount of money.")


class NumberFormat(models.TextChoices):
    AUTO = grouping.AUTO, "By the stock's exchange"
    INDIAN = grouping.INDIAN, "Lakh and crore (1,23,45,678.90)"
    WESTERN = grouping.WESTERN, "Thousands (12,345,678.90)"


class Theme(models.TextChoices):
    AUTO = "auto", "As the device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class User(AbstractUser):
    """A person with an account; the risk settings are an `engine.RiskProfile`."""

    capital = models.DecimalField(
        max_digits=18,
        decimal_places=2,
        default=Decimal(100_000),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(MOST_CAPITAL)],
        help_text="What position sizes are computed from.",
    )
    capital_currency = models.CharField(
        max_length=3, blank=True, default="", choices=currency_choices, help_text="The currency of the capital."
    )
    other_capitals = models.JSONField(
        default=dict,
        blank=True,
        validators=[validate_capitals],
        help_text="Capital kept in other currencies: amounts, as text, by currency.",
    )
    risk_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(1),
        validators=PERCENT,
        help_text="Share of the capital that one trade may lose at its stop, in percent.",
    )
    position_limit_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(20),
        validators=PERCENT,
        help_text="Share of the capital that one position may take, in percent.",
    )
    min_risk_reward = models.DecimalField(
        "minimum risk:reward",
        max_digits=5,
        decimal_places=2,
        default=Decimal("1.5"),
        validators=[MinValueValidator(Decimal(0))],
        help_text="A plan that offers less than this multiple of its risk is shown as no trade.",
    )
    long_only = models.BooleanField(default=True, help_text="Short plans are shown as “exit or avoid”.")
    strategy = models.CharField(
        max_length=32,
        default=TECHNICAL_RATING.key,
        choices=strategy_choices,
    )
    default_exchange = models.CharField(max_length=16, blank=True, default="", choices=default_exchange_choices)
    number_format = models.CharField(max_length=16, choices=NumberFormat, default=NumberFormat.AUTO)
    time_zone = models.CharField(max_length=64, blank=True, default="", choices=time_zone_choices)
    theme = models.CharField(max_length=8, choices=Theme, default=Theme.AUTO)
    chart_indicators = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_chart_indicators],
        help_text="What the user’s charts show besides the prices: choices from the catalogue.",
    )
    is_demo = models.BooleanField(
        "demo account",
        default=False,
        editable=False,
        help_text="Made by load_demo, with a password that everybody knows: it can log in only while DEBUG is on.",
    )
    password_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    password_tried_at = models.DateTimeField(null=True, editable=False)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                name="user_risk_settings_are_possible",
                condition=Q(capital__gte=0, capital__lte=MOST_CAPITAL, min_risk_reward__gte=0)
                & Q(risk_percent__gt=0, risk_percent__lte=100)
                & Q(position_limit_percent__gt=0, position_limit_percent__lte=100),
            ),
        ]

    @property
    def bare_exchange(self) -> str:
        """Return the code of the exchange of tickers that name none, empty if there is no such exchange."""
        return self.default_exchange or settings.DEFAULT_EXCHANGE

    @property
    def can_log_in(self) -> bool:
        """Return whether the account is active, and no demo account unless DEBUG is on."""
        return self.is_active and (settings.DEBUG or not self.is_demo)


type Person = User | AnonymousUser
"""A user, or a visitor who has not logged in."""


def lock_user(pk: Any) -> None:
    """Lock a user's row until the transaction ends, so that only one transaction counts this user's rows."""
    list(User.objects.filter(pk=pk).select_for_update(no_key=True).values_list("pk"))


class TokenScope(models.TextChoices):
    READ = "read", "Read"
    SUBMIT = "submit", "Read and submit"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def unrevoked(self) -> ApiTokenQuerySet:
        """Return the tokens that their owner sees: usable and expired ones."""
        return self.filter(revoked_at__isnull=True)

    def revoke(self) -> int:
        """Revoke the tokens and return how many were not revoked before."""
        return self.unrevoked().update(revoked_at=timezone.now())


class ApiToken(models.Model):
    """A key for programs; only its SHA-256 is stored, so it can be shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=8, choices=TokenScope, default=TokenScope.READ)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="To the minute.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty for one that works until it is revoked.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[ApiToken]] = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"],
                condition=Q(revoked_at__isnull=True),
                name="token_name_is_unique_while_it_works",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_usable(self) -> bool:
        """Return whether the token is neither revoked nor expired."""
        return self.revoked_at is None and not self.has_expired

    @property
    def has_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def may_write(self) -> bool:
        return self.scope == TokenScope.SUBMIT
