"""Entries: functions that declare the entries of the catalogue and their parameters."""

from typing import Any

from analysis.catalogue.indicator import CatalogueEntry, Parameter, Place, Scale

PRICE, NUMBER, VOLUME = Scale.PRICE, Scale.NUMBER, Scale.VOLUME


def whole(key: str, default: int, label: str = "", least: int = 2, most: int = 400) -> Parameter:
    """Return a parameter that is a whole number."""
    return Parameter(key, label or key.replace("_", " ").capitalize(), default, least, most)


def real(key: str, default: float, label: str = "", least: float = 0.1, most: float = 10) -> Parameter:
    """Return a parameter that is a real number."""
    return Parameter(key, label or key.replace("_", " ").capitalize(), default, least, most, is_whole=False)


def length(default: int, least: int = 2) -> Parameter:
    """Return the parameter `length`, in sessions."""
    return whole("length", default, least=least)


def overlay(
    key: str, short: str, name: str, *parameters: Parameter, columns: tuple[str, ...] = (), **fixed: Any
) -> CatalogueEntry:
    """Return an entry that is drawn over the prices, on their scale."""
    return CatalogueEntry(key, short, name, Place.OVERLAY, PRICE, columns or (short,), parameters, fixed=fixed)


def pane(
    key: str,
    short: str,
    name: str,
    *parameters: Parameter,
    columns: tuple[str, ...] = (),
    bars: tuple[int, ...] = (),
    scale: Scale = NUMBER,
    **fixed: Any,
) -> CatalogueEntry:
    """Return an entry that is drawn in a pane of its own."""
    return CatalogueEntry(key, short, name, Place.PANE, scale, columns or (short,), parameters, bars, fixed)
