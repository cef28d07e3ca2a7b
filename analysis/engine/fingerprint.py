"""Fingerprints: hashes of everything that an assessment depends on, together and by part."""

import json
from collections.abc import Mapping
from hashlib import sha256

from analysis.engine.bars import Bars, Booleans
from analysis.engine.strategy import Strategy
from analysis.engine.version import ENGINE_VERSION

PARTS = ("source", "bars", "parameters", "engine")


def fingerprints(bars: Bars, strategy: Strategy, *, source: str, doubtful: Booleans | None = None) -> dict[str, str]:
    """Return the fingerprints of an assessment's inputs: those of PARTS, and `combined` of all.

    SHA-256, in hex, of the exact bytes of the bars, with the `doubtful` ones marked, and of the parameters; the
    engine's is its version, the source's its name.
    """
    parts = {
        "source": source,
        "bars": _hash_bars(bars, doubtful),
        "parameters": _hash_json(strategy.parameters()),
        "engine": ENGINE_VERSION,
    }
    return {**parts, "combined": _hash_json(parts)}


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return the PARTS that differ between the fingerprints of two runs; earlier versions kept no source."""
    return tuple(part for part in PARTS if part in before and part in after and before[part] != after[part])


def _hash_bars(bars: Bars, doubtful: Booleans | None) -> str:
    digest = sha256(bars.session.astype("datetime64[D]").tobytes())
    for column in (bars.open, bars.high, bars.low, bars.close, bars.volume):
        digest.update(column.tobytes())
    if doubtful is not None and doubtful.any():
        digest.update(doubtful.tobytes())
    return digest.hexdigest()


def _hash_json(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
