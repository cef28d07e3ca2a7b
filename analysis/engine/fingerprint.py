"""The fingerprint: one hash over everything an assessment depends on."""

import json
from hashlib import sha256

from analysis.engine.bars import Bars
from analysis.engine.strategy import Strategy
from analysis.engine.version import ENGINE_VERSION


def fingerprint(bars: Bars, strategy: Strategy) -> str:
    """SHA-256, in hex, of the engine's version, the strategy's parameters and the exact bytes of the bars."""
    digest = sha256(json.dumps([ENGINE_VERSION, strategy.parameters(), len(bars)], sort_keys=True).encode())
    digest.update(bars.session.astype("datetime64[D]").tobytes())
    for column in (bars.open, bars.high, bars.low, bars.close, bars.volume):
        digest.update(column.tobytes())
    return digest.hexdigest()
