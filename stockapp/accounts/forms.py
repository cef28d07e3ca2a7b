"""Forms of the account."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString

from stockapp.accounts.models import ApiToken, Theme, User, validate_capitals

_AMOUNT = re.compile(r"([A-Za-z]{3})\s*:?\s*(\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?)", re.ASCII)
DISPLAY = ("default_exchange", "number_format", "time_zone", "theme")

format_html_lazy = lazy(format_html, SafeString)  # URLs are not loaded yet when the form class is defined


class CapitalsField(forms.CharField):
    """Amounts by currency as one text: “USD 5,000; EUR 2,000.50”."""

    def prepare_value(self, value: Any) -> Any:
        """Return the text of stored amounts; what a person typed stays as it is."""
        if isinstance(value, dict):
            return "; ".join(f"{currency} {Decimal(amount):,f}" for currency, amount in sorted(value.items()))
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value: Any) -> Any:
        """Return the amounts, as text, by currency. Raise ValidationError for a part that is not one."""
        parts = [part.strip() for part in re.split(r"[;\n]", super().clean(value) or "") if part.strip()]
        amounts: dict[str, str] = {}
        for part in parts:
            found = _AMOUNT.fullmatch(part)
            if found is None:
                raise forms.ValidationError(f"“{part[:30]}” is not a currency and an amount, like “USD 5,000”.")
            if found[1].upper() in amounts:
                raise forms.ValidationError(f"{found[1].upper()} has two amounts.")
            amounts[found[1].upper()] = found[2].replace(",", "")
        validate_capitals(amounts)
        return amounts


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """A user's risk settings and display preferences."""

    other_capitals = CapitalsField(
        label="Capital in other currencies",
        required=False,
        help_text="For stocks in them: “USD 5,000; EUR 2,000”. Without one, a stored exchange rate is used.",
    )

    class Meta:
        model = User
        fields = [
            "capital",
            "capital_currency",
            "other_capitals",
            "risk_percent",
            "position_limit_percent",
            "min_risk_reward",
            "strategy",
            "long_only",
            *DISPLAY,
        ]
        help_texts = {
            "strategy": format_html_lazy(
                'Your lists, screens, digests and exports use it. <a href="{}">Compare the strategies</a>',
                reverse_lazy("analysis:strategies"),
            ),
            "default_exchange": "Of a ticker without one: TCS is TCS.NS if this is NSE.",
            "number_format": "How the digits of prices and counts are grouped.",
            "time_zone": "In which pages show times. Trading days stay those of each exchange.",
            "theme": "The key t and the menu change it too.",
        }
        labels = {
            "risk_percent": "Risk per trade, %",
            "position_limit_percent": "Largest position, %",
            "min_risk_reward": "Minimum risk:reward",
            "long_only": "Long only",
            "strategy": "Strategy",
        }

    @property
    def risk(self) -> list[BoundField]:
        return [field for field in self if field.name not in DISPLAY]

    @property
    def display(self) -> list[BoundField]:
        return [self[name] for name in DISPLAY]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "time_zone" in self.errors:  # no choice of the list: the stored one stays selected
            self.data = self.data.copy()  # type: ignore[attr-defined]
            self.data["time_zone"] = self.initial.get("time_zone", "")  # type: ignore[index]
        return cleaned

    @property
    def saved_sentence(self) -> str:
        """Return a sentence about the settings that were changed and saved."""
        if any(name not in (*DISPLAY, "strategy") for name in self.changed_data):
            return "Saved. Position sizes follow these settings from now on."
        if "time_zone" in self.changed_data:
            return f"Saved. Pages show times in {self.instance.time_zone or 'the time zone of the installation'} now."
        return "Saved."

    @property
    def refusals(self) -> list[str]:
        """Return the errors as sentences, each with the name of its field."""
        return [f"{self[name].label}: {error}" for name, errors in self.errors.items() for error in errors]


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=Theme.choices)
    next = forms.CharField(required=False)


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new token; its user is set before validation, so that a used name is an error of the form."""

    days = forms.TypedChoiceField(
        label="Expires",
        choices=[("30", "After 30 days"), ("90", "After 90 days"), ("365", "After a year"), ("", "Never")],
        coerce=int,
        empty_value=None,
        required=False,
        initial="90",
    )

    class Meta:
        model = ApiToken
        fields = ["name", "scope"]
        labels = {"scope": "May"}
        help_texts = {"name": "What it is for, so that you know which to revoke."}
        error_messages = {"name": {"required": "Give the token a name."}}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if ApiToken.objects.unrevoked().filter(user=self.instance.user, name=name).exists():
            raise forms.ValidationError(f"You have a token called “{name}” already.")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if days := cleaned.get("days"):
            self.instance.expires_at = timezone.now() + timedelta(days=days)
        return cleaned
