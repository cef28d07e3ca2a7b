"""The user, with the settings that size a plan and shape a page, and the user's API tokens."""

from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from analysis.engine import STRATEGIES, TECHNICAL_RATING

MOST_CAPITAL = Decimal(10**12)  # SQLite gives back fifteen digits: a larger sum of cents could not be read again
PERCENT = [MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(100))]


def strategy_choices() -> list[tuple[str, str]]:
    """The engine's strategies, read at run time: a new one needs no migration."""
    return [(strategy.key, strategy.name) for strategy in STRATEGIES.values()]


class NumberFormat(models.TextChoices):
    AUTO = "auto", "By the stock's exchange"
    INDIAN = "indian", "Lakh and crore (1,23,45,678.90)"
    WESTERN = "western", "Thousands (12,345,678.90)"


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
        help_text="What position sizes are computed from, in the currency of the stock.",
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
    number_format = models.CharField(max_length=16, choices=NumberFormat, default=NumberFormat.AUTO)
    theme = models.CharField(max_length=8, choices=Theme, default=Theme.AUTO)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                name="user_risk_settings_are_possible",
                condition=Q(capital__gte=0, capital__lte=MOST_CAPITAL, min_risk_reward__gte=0)
                & Q(risk_percent__gt=0, risk_percent__lte=100)
                & Q(position_limit_percent__gt=0, position_limit_percent__lte=100),
            ),
        ]


class TokenScope(models.TextChoices):
    READ = "read", "Read"
    SUBMIT = "submit", "Read and submit"


class ApiToken(models.Model):
    """A key for programs; only its SHA-256 is kept, so it can be shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=8, choices=TokenScope, default=TokenScope.READ)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="token_name_is_unique_per_user")]

    def __str__(self) -> str:
        return self.name
