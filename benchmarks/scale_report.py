"""The report of `benchmarks.scale`: its figures of each database, as a table and a chart in docs/benchmarks.md."""

import json
import math
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """Seconds that an act took: on the clock, and at least of the processor."""

    median: float
    processor: float


type Figures = dict[str, dict[int, Figure]]
"""By act and by the number of results stored."""

type Row = dict[str, dict[str, float]]

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f", "#525252", "#92400e")
BEGIN, END = "<!-- scale: begin -->", "<!-- scale: end -->"
INTRODUCTION = f"""# Benchmarks

What grows with the history of an installation? `python -m benchmarks.scale --write docs` fills a database of its own
with results of 300 stocks (details of 60 sessions and raw data of 20, about what retention leaves) and measures the
server's time for what people and workers do most; before it, `python tests/with_postgresql.py` does so on PostgreSQL.
It fails when a statement reads results, raw data or details from end to end.

A time is the median of its runs on the clock of a two-core machine that did much else meanwhile, with `DEBUG`: too
high, and not to be compared with another. A ratio is of processor time, the application's and the database server's, at
the largest and the smallest history: that is what to look at. Near 1 means that the history does not matter.

The smallest history has 33 results of each stock: the lists of one stock, in the admin and the API, have more rows to
show at the larger ones, up to a page, and that is their ratio. A page that takes a few milliseconds varies by half.

{BEGIN}
{END}
"""


def write(folder: Path, vendor: str, figures: Figures) -> None:
    """Keep these figures beside those of the other database, and draw table and charts from both."""
    kept = folder / "scale.json"
    runs = json.loads(kept.read_text()) if kept.exists() else {}
    runs[vendor] = {
        "on": f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}",
        "milliseconds": {
            name: {
                str(size): {
                    "median": round(1000 * found.median, 2),
                    "processor": round(1000 * found.processor, 2),
                }
                for size, found in row.items()
            }
            for name, row in figures.items()
        },
    }
    kept.write_text(json.dumps(runs, indent=1) + "\n")
    parts = []
    for key, run in sorted(runs.items()):
        chart = folder / f"scale-{key}.svg"
        chart.write_text(_chart(DATABASES[key], run["milliseconds"]))
        parts.append(
            f"## {DATABASES[key]}\n\n{run['on']}\n\n{_table(run['milliseconds'])}\n\n![Ratios]({chart.name})\n"
        )
    page = folder / "benchmarks.md"
    text = page.read_text() if page.exists() else INTRODUCTION
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{'\n'.join(parts)}{END}{after}")


def _table(rows: dict[str, Row]) -> str:
    sizes = list(next(iter(rows.values())))
    lines = ["| | " + " | ".join(f"{int(size):,} results" for size in sizes) + " | ratio |"]
    lines.append("|---" + "|---:" * (len(sizes) + 1) + "|")
    for name, found in rows.items():
        cells = [f"{found[size]['median']:.1f} ms" for size in sizes]
        lines.append(f"| {name} | {' | '.join(cells)} | {_ratio(found, sizes[-1], sizes[0]):.2f} |")
    return "\n".join(lines)


def _ratio(found: Row, size: str, first: str) -> float:
    return found[size]["processor"] / found[first]["processor"]


def _chart(title: str, rows: dict[str, Row]) -> str:
    """Each figure's ratio to that of the smallest history, over the history's size."""
    sizes = [int(size) for size in next(iter(rows.values()))]
    ratios = {name: [_ratio(found, str(size), str(sizes[0])) for size in sizes] for name, found in rows.items()}
    highest = max(2.0, math.ceil(max(max(row) for row in ratios.values())))
    left, top, width, height = 48, 40, 380, 240

    def x(n: int) -> float:
        return left + width * n / max(len(sizes) - 1, 1)

    def y(ratio: float) -> float:
        return top + height * (1 - ratio / highest)

    steps = range(int(highest) + 1)
    box = f'viewBox="0 0 760 {top + height + 90}" font-family="sans-serif" font-size="12"'
    heading = f"{title}: processor time, as a multiple of that at {sizes[0]:,} results"
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box}>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{left}" y="22" font-size="14" fill="#111">{heading}</text>',
        *(
            f'<line x1="{left}" x2="{left + width}" y1="{y(n):.1f}" y2="{y(n):.1f}" stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{y(n) + 4:.1f}" text-anchor="end" fill="#555">{n} ×</text>'
            for n in steps
        ),
        *(
            f'<text x="{x(n):.1f}" y="{top + height + 20}" text-anchor="middle" fill="#555">{size:,}</text>'
            for n, size in enumerate(sizes)
        ),
    ]
    for n, (name, row) in enumerate(ratios.items()):
        colour = COLOURS[n % len(COLOURS)]
        dashes = ("", ' stroke-dasharray="6 3"', ' stroke-dasharray="2 2"')[n // len(COLOURS) % 3]
        points = " ".join(f"{x(k):.1f},{y(ratio):.1f}" for k, ratio in enumerate(row))
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        drawn.append(f'<rect x="450" y="{top + 14 * n}" width="9" height="9" fill="{colour}"/>')
        drawn.append(f'<text x="470" y="{top + 14 * n + 10}" fill="#111">{name} ({row[-1]:.2f} ×)</text>')
    return "\n".join([*drawn, "</svg>"]) + "\n"
