"""Results and times of the tests of `analysis.engine.significance`, on markets without skill and with planted skill.

Run it from the root of the repository; everything takes about half an hour of one core:

    python -m benchmarks.evidence
    python -m benchmarks.evidence noise --market one_factor --stocks 60 --seeds 60 --json evidence.json
    python -m benchmarks.evidence planted rotated real calibration time

Markets without skill are those of `analysis.tests.engine_markets`. Real bars are those of the folder named by
REAL_BARS_DIR, TICKER.csv files, or else bokeh's sample data, which are five stocks: too few to say much.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from analysis.tests.engine_markets import MARKETS
from benchmarks.evidence_parts import (
    measure_calibration,
    measure_noise,
    measure_planted,
    measure_real,
    measure_rotated,
)
from benchmarks.evidence_time import measure_time

SEEDS = {60: 60, 1_200: 3, 2_300: 1}
"""Families of ten kinds by number of stocks."""

PARTS = ("noise", "planted", "rotated", "real", "calibration", "time")

SIMULATED = {"noise": measure_noise, "planted": measure_planted, "calibration": measure_calibration}

COMPARED = ("one_factor", "garch_factor", "mirrored")
"""Markets of the simulated parts other than noise, which has all."""

type Job = tuple[str, Callable[[], dict[str, Any]]]


def main() -> None:
    """Run the parts that were asked for."""
    options = _options()
    found: dict[str, Any] = json.loads(options.json.read_text()) if options.json and options.json.exists() else {}
    for name, measure in _jobs(options):
        result = measure()
        print(f"\n{name}\n{_shown(result)}\n", flush=True)
        found[name] = result
        if options.json:
            options.json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=[], help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--market", action="append", choices=MARKETS, help="may be given several times")
    parser.add_argument("--stocks", type=int, action="append", help="may be given several times")
    parser.add_argument("--sessions", type=int, default=1_250)
    parser.add_argument("--seeds", type=int, help=f"by default, by number of stocks, {SEEDS}")
    parser.add_argument("--json", type=Path, help="add the results to this file")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    options.parts = options.parts or PARTS
    return options


def _jobs(options: argparse.Namespace) -> Iterator[Job]:
    for part in options.parts:
        if part in SIMULATED:
            yield from _simulated(part, options)
        elif part == "time":
            for stocks in options.stocks or [2_300]:
                yield (
                    f"time, garch_factor, {stocks} x {options.sessions}",
                    partial(measure_time, "garch_factor", stocks, options.sessions),
                )
        elif _has_real_bars(part):
            for stocks in options.stocks or [60]:
                measure = measure_real if part == "real" else measure_rotated
                yield (
                    f"{part}, {_real_name()}, {stocks} x {options.sessions}",
                    partial(measure, stocks, options.sessions, _progress),
                )


def _simulated(part: str, options: argparse.Namespace) -> Iterator[Job]:
    markets = options.market or (MARKETS if part == "noise" else COMPARED)
    for stocks in options.stocks or (SEEDS if part == "noise" else [60]):
        seeds = options.seeds or SEEDS.get(stocks, 3)
        for market in markets:
            if market != "mirrored" or _is_mirrored_possible(stocks):
                yield (
                    f"{part}, {market}, {stocks} x {options.sessions}",
                    partial(SIMULATED[part], market, stocks, options.sessions, seeds, _progress),
                )


def _is_mirrored_possible(stocks: int) -> bool:
    if stocks > 60:
        print(f"mirrored: skipped at {stocks} stocks, as there are not so many real ones")
        return False
    return _has_real_bars("mirrored")


def _has_real_bars(part: str) -> bool:
    if "REAL_BARS_DIR" in os.environ or find_spec("bokeh_sampledata"):
        return True
    print(f"{part}: skipped, as neither REAL_BARS_DIR names real bars nor bokeh-sampledata is installed")
    return False


def _real_name() -> str:
    return "real bars" if "REAL_BARS_DIR" in os.environ else "sample bars"


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _shown(result: dict[str, Any], indent: str = "  ") -> str:
    """Return a result as lines to read; rows of a table have a line each."""
    lines = []
    for key, value in result.items():
        if isinstance(value, dict):
            lines.append(f"{indent}{key}:\n{_shown(value, indent + '  ')}")
        elif _is_table(value):
            lines += [f"{indent}{key}:", *(f"{indent}  {_shown_row(row)}" for row in value)]
        else:
            lines.append(f"{indent}{key}: {_short(value)}")
    return "\n".join(lines)


def _shown_row(row: dict[str, Any]) -> str:
    """Return a row as one line, and tables within it as lines below."""
    cells = ", ".join(f"{key} {_short(value)}" for key, value in row.items() if not _is_table(value))
    below = [f"\n        {_shown_row(inner)}" for value in row.values() if _is_table(value) for inner in value]
    return cells + "".join(below)


def _is_table(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and isinstance(value[0], dict)


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_short, value))})"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
