"""Forms of the account."""

from django import forms
from django.urls import reverse_lazy
from django.utils.text import format_lazy

from stockapp.accounts.models import Theme, User


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What sizes a user's plans."""

    class Meta:
        model = User
        fields = ["capital", "risk_percent", "position_limit_percent", "min_risk_reward", "strategy", "long_only"]
        help_texts = {
            "strategy": format_lazy('<a href="{}">What each asks and weighs</a>', reverse_lazy("analysis:strategies"))
        }
        labels = {
            "risk_percent": "Risk per trade, %",
            "position_limit_percent": "Largest position, %",
            "min_risk_reward": "Minimum risk:reward",
            "long_only": "Long only",
        }


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=Theme.choices)
    next = forms.CharField(required=False)
