"""Fingerprints: hashes of everything that an assessment depends on, together and by part."""

import json
from collections.abc import Mapping
from hashlib import sha256

from analysis.engine.bars import Bars, Booleans
from analysis.engine.strategy import Strategy
from analysis.engine.version import ENGINE_VERSION

PARTS = ("source", "bars", "parameters", "engine")
SHORT = 16  # digits in hex


def fingerprints(bars: Bars, strategy: Strategy, *, source: str, doubtful: Booleans | None = None) -> dict[str, str]:
    """Return the fingerprints of an assessment's inputs: those of PARTS.

    SHA-256, in hex, of the exact bytes of the bars, with the `doubtful` ones marked, and of the parameters; the
    engine's is its version, the source's its name.
    """
    return {
        "source": source,
        "bars": _hash_bars(bars, doubtful),
        "parameters": _hash_json(strategy.parameters()),
        "engine": ENGINE_VERSION,
    }


def combine(parts: Mapping[str, str]) -> str:
    """Return one fingerprint of the inputs that all strategies share."""
    return _hash_json({part: parts[part] for part in PARTS if part != "parameters"})


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return the PARTS that differ between the fingerprints of two runs, whole or shortened.

    Earlier versions kept no source.
    """
    before, after = shorten(before), shorten(after)
    return tuple(part for part in PARTS if part in before and part in after and before[part] != after[part])


def shorten(parts: Mapping[str, str]) -> dict[str, str]:
    """Return fingerprints of 64 bits each: enough to tell two runs of a stock apart."""
    return {part: value[:SHORT] for part, value in parts.items()}


def _hash_bars(bars: Bars, doubtful: Booleans | None) -> str:
    digest = sha256(bars.session.astype("datetime64[D]").tobytes())
    for column in (bars.open, bars.high, bars.low, bars.close, bars.volume):
        digest.update(column.tobytes())
    if doubtful is not None and doubtful.any():
        digest.update(doubtful.tobytes())
    return digest.hexdigest()


def _hash_json(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
