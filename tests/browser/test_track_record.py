"""The track record in the browser: pictures on one scale at every width, tabs, and the method that opens."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from analysis.engine.strategies import STRATEGIES
from analysis.engine.verdict import Side
from analysis.tests.make import make_user
from analysis.tests.make_records import make_different, make_evidence, make_kind, make_records
from tests.browser.visits import log_in

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PICTURE = "Swing, long: +0.80% a trade, 95% interval +0.49% to +1.11%; smallest visible effect 0.58%."


@pytest.fixture
def ann(visitor: Page, live_server: LiveServer) -> Page:
    kinds = [make_different("swing", Side.LONG, 0.008), make_kind("swing", Side.SHORT, 0.012, 0.006)]
    make_records(swing=make_evidence("swing", kinds))
    log_in(visitor, make_user("ann"), live_server.url)
    visitor.goto(f"{live_server.url}{reverse('analysis:track_record')}")
    return visitor


@pytest.mark.parametrize("width", [1280, 768, 390])
def test_pictures_share_one_scale_and_lie_within_their_width(ann: Page, width: int) -> None:
    ann.set_viewport_size({"width": width, "height": 844})
    expect(ann.get_by_role("img", name=PICTURE)).to_be_visible()
    drawn = ann.locator(".effect .plot").evaluate_all(
        """plots => plots.map(plot => {
          const [box, zero] = [plot, plot.querySelector(".zero")].map(one => one.getBoundingClientRect());
          const marks = [...plot.querySelectorAll(".range, .unseen, .dot")].map(one => one.getBoundingClientRect());
          return {
            left: Math.round(box.left), right: Math.round(box.right), zero: Math.round(zero.left),
            isWithin: marks.length === 3 && marks.every(one => one.left >= box.left && one.right <= box.right),
          };
        })"""
    )
    assert len(drawn) == len(STRATEGIES) * len(Side)
    assert all(one["isWithin"] for one in drawn)
    assert len({(one["left"], one["right"], one["zero"]) for one in drawn}) == 1
    assert drawn[0]["right"] - drawn[0]["left"] > 200


def test_what_is_different_is_filled_and_says_so(ann: Page) -> None:
    fills = ann.locator(".effect .dot").evaluate_all("dots => dots.map(dot => getComputedStyle(dot).fill)")
    assert sorted(fills.count(fill) for fill in set(fills)) == [1, 9]
    expect(ann.locator(".effect.is-different")).to_contain_text("Earned 0.8% more a trade")
    expect(ann.locator(".record-summary")).to_contain_text("Swing (long) earned 0.8% more a trade")


def test_a_tab_shows_another_strategys_verdicts_and_the_method_opens(ann: Page) -> None:
    ann.get_by_role("navigation", name="Strategy").get_by_role("link", name="Momentum").click()
    expect(ann.locator(".record-summary")).to_contain_text("Momentum over 60 stocks")
    method = ann.locator(".method")
    expect(method.get_by_text("Holm’s adjustment")).to_be_hidden()
    method.locator("summary").click()
    expect(method.get_by_text("Holm’s adjustment")).to_be_visible()
