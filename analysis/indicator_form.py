"""Form of an indicator: which one a chart shall show, with which parameters."""

from typing import Any

from django import forms

from analysis.catalogue import BadChoice, Chosen, indicator_named


class IndicatorForm(forms.Form):
    """An indicator by its name or key; parameters come under their keys, and have their defaults where they do not."""

    name = forms.CharField(max_length=80, error_messages={"required": "Type an indicator’s name."})
    instead_of = forms.CharField(required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("name")
        if name is not None:
            try:
                indicator = indicator_named(name)
                given = {each.key: self.data[each.key] for each in indicator.parameters if each.key in self.data}
                self.cleaned_data["chosen"] = indicator.chosen(given)
            except BadChoice as bad:
                raise forms.ValidationError(str(bad)) from bad
        return self.cleaned_data

    @property
    def chosen(self) -> Chosen:
        """What a valid form asks for."""
        chosen: Chosen = self.cleaned_data["chosen"]
        return chosen

    @property
    def problem(self) -> str:
        """The first thing wrong with it."""
        return next((str(error) for errors in self.errors.values() for error in errors), "")
