"""Forms of the digest."""

from typing import Any

from django import forms
from django.conf import settings

from stockapp.digest import service_addresses
from stockapp.digest.models import Subscription
from stockapp.mail import NO_MAIL
from stockapp.outgoing.services import NAMES_OF_ALL, BadAddress, create_notifier


class DigestForm(forms.Form):
    """A user's settings of the digest; an empty field keeps the stored address, which is never shown whole."""

    by_email = forms.BooleanField(required=False, label="By e-mail")
    email = forms.EmailField(required=False, label="E-mail address", max_length=254)
    by_url = forms.BooleanField(required=False, label="By a notification service")
    url = forms.CharField(
        required=False,
        max_length=1000,
        label="Address of the service",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "ntfys://ntfy.sh/…"}
        ),
    )

    def __init__(self, data: Any = None, *, subscription: Subscription) -> None:
        self.subscription = subscription
        shown = {"by_email": subscription.by_email, "by_url": subscription.by_url, "email": subscription.user.email}
        super().__init__(data, initial=shown)
        if not settings.SENDS_EMAIL:
            self.fields["by_email"].help_text = NO_MAIL
        stored = _describe_url(subscription.url) if subscription.url else ""
        self.fields["url"].help_text = (
            f"{stored}An address in Apprise's form, of one of these: {NAMES_OF_ALL}. It is deleted when you "
            "untick the box."
        )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip() or self.subscription.url
        if not self.cleaned_data.get("by_url"):
            return ""
        if not url:
            raise forms.ValidationError("Give the address of the service.")
        try:
            service_addresses.check_url(url)
        except BadAddress as error:
            raise forms.ValidationError(str(error)) from None
        return url

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("by_email") and not settings.SENDS_EMAIL:
            self.add_error("by_email", NO_MAIL)
        if data.get("by_email") and "email" in data and not data["email"]:
            self.add_error("email", "Give the address that the e-mail is to go to.")
        return data


def _describe_url(url: str) -> str:
    """Return the masked address for the help text, with the reason if it cannot be used."""
    try:
        create_notifier(url)
    except BadAddress as error:
        return f"Now {service_addresses.mask_url(url)}, to which nothing can be sent: {error} Give another address. "
    return f"Now {service_addresses.mask_url(url)}; leave empty to keep it. "
