import re

import pytest

from stockapp.templatetags.sparklines import EDGE, HEIGHT, WIDTH, sparkline


def points_of(drawing: str) -> list[tuple[float, float]]:
    found = re.search(r'points="([^"]+)"', drawing)
    assert found
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in found[1].split())]


def test_a_line_goes_from_the_oldest_close_to_the_newest_between_lowest_and_highest() -> None:
    points = points_of(sparkline([10.0, 12.0, 8.0]))
    assert points == [(EDGE, HEIGHT / 2), (WIDTH / 2, EDGE), (WIDTH - EDGE, HEIGHT - EDGE)]


@pytest.mark.parametrize(
    ("closes", "css", "sentence"),
    [
        ([100.0, 110.0], "up", "+10.00% in 2 sessions"),
        ([100.0, 120.0, 95.0], "down", "−5.00% in 3 sessions"),
        ([100.0, 100.0], "flat", "0.00% in 2 sessions"),
    ],
)
def test_a_line_says_in_words_how_far_it_went(closes: list[float], css: str, sentence: str) -> None:
    drawing = sparkline(closes)
    assert f'class="sparkline {css}"' in drawing
    assert f'aria-label="{sentence}"' in drawing


@pytest.mark.parametrize("closes", [[], [100.0]])
def test_of_fewer_than_two_closes_there_is_no_line(closes: list[float]) -> None:
    assert sparkline(closes) == "–"


def test_a_line_that_never_moved_is_flat_and_inside() -> None:
    assert {y for _, y in points_of(sparkline([5.0] * 30))} == {HEIGHT - EDGE}
