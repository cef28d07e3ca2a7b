"""Fingerprints: hashes of everything that an assessment depends on, together and by part."""

import json
from collections.abc import Mapping
from hashlib import sha256

from analysis.engine.bars import Bars
from analysis.engine.strategy import Strategy
from analysis.engine.version import ENGINE_VERSION


def fingerprints(bars: Bars, strategy: Strategy) -> dict[str, str]:
    """Return the fingerprints of an assessment's inputs: `bars`, `parameters`, `engine`, and `combined` of all three.

    SHA-256, in hex, of the exact bytes of the bars and of the parameters; the engine's is its version.
    """
    parts = {"bars": _hash_bars(bars), "parameters": _hash_json(strategy.parameters()), "engine": ENGINE_VERSION}
    return {**parts, "combined": _hash_json(parts)}


def fingerprint(bars: Bars, strategy: Strategy) -> str:
    """Return the combined one of the `fingerprints`."""
    return fingerprints(bars, strategy)["combined"]


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return the parts that differ between the fingerprints of two runs, of bars, parameters, engine."""
    return tuple(part for part in ("bars", "parameters", "engine") if before[part] != after[part])


def _hash_bars(bars: Bars) -> str:
    digest = sha256(bars.session.astype("datetime64[D]").tobytes())
    for column in (bars.open, bars.high, bars.low, bars.close, bars.volume):
        digest.update(column.tobytes())
    return digest.hexdigest()


def _hash_json(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
