"""Forms of the account."""

from django import forms
from django.forms.boundfield import BoundField
from django.urls import reverse_lazy
from django.utils.text import format_lazy

from stockapp.accounts.models import Theme, User

DISPLAY = ("number_format", "theme")


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What sizes a user's plans, and how pages look."""

    class Meta:
        model = User
        fields = [
            "capital",
            "risk_percent",
            "position_limit_percent",
            "min_risk_reward",
            "strategy",
            "long_only",
            *DISPLAY,
        ]
        help_texts = {
            "strategy": format_lazy(
                'What your own analyses use. <a href="{}">What each asks and weighs</a>',
                reverse_lazy("analysis:strategies"),
            ),
            "number_format": "How the digits of prices and counts are grouped.",
            "theme": "The key t and the menu change it too.",
        }
        labels = {
            "risk_percent": "Risk per trade, %",
            "position_limit_percent": "Largest position, %",
            "min_risk_reward": "Minimum risk:reward",
            "long_only": "Long only",
            "strategy": "Default strategy",
        }

    @property
    def risk(self) -> list[BoundField]:
        return [field for field in self if field.name not in DISPLAY]

    @property
    def display(self) -> list[BoundField]:
        return [self[name] for name in DISPLAY]

    @property
    def refusals(self) -> list[str]:
        """What is wrong, a sentence each with the name of its field."""
        return [f"{self[name].label}: {error}" for name, errors in self.errors.items() for error in errors]


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=Theme.choices)
    next = forms.CharField(required=False)
