"""`manage.py diffsettings`: Django's own, without secrets."""

from typing import Any

from django.core.management.commands import diffsettings

from stockapp.masking import mask


class Command(diffsettings.Command):
    def handle(self, **options: Any) -> str:
        return mask(super().handle(**options))
