"""System checks: settings and files that must be there, or agree, before the application serves anybody."""

from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register

from stockapp import assets


@register(Tags.staticfiles)
def assets_are_installed(**_: Any) -> list[CheckMessage]:
    return [
        Warning(f"{file} is missing: the pages will look bare.", hint="Run `make setup`.", id="stockapp.W001")
        for file in assets.missing_files()
    ]
