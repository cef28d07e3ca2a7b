"""Every page in both themes and at both widths: quiet, on its host, accessible, no wider than the screen, at rest."""

from collections.abc import Set
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page, Response, Route
from pytest_django.live_server_helper import LiveServer

from analysis.models import Source, Stock
from analysis.stock_lists.load import load_demo_market
from analysis.tests.make import make_finished_job, make_user
from analysis.track_records.refresh import compute_records
from tests.browser.pages import GONE, PARTS, RUNNING, WAITING, Theme, Visit, furnish
from tests.browser.visits import listen, log_in

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

HEIGHTS = {1280: 900, 390: 844}
LOOKS: tuple[tuple[int, Theme, Theme], ...] = ((1280, "light", "dark"), (390, "dark", "light"))
BETWEEN = (1200, 1024, 768)  # looked at for their width alone
NOT_OURS = {"api-docs": {"heading-order", "nested-interactive"}}  # as Swagger UI's bundle builds its page
STILL_MILLISECONDS = 10
OF_A_THEME = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}

MOVES = """(most) => {
  const times = (text) => text.split(",").map((time) => 1000 * parseFloat(time));
  const found = [];
  for (const element of document.querySelectorAll("*")) {
    for (const pseudo of [null, "::before", "::after"]) {
      const style = getComputedStyle(element, pseudo);
      const isAnimated = style.animationName !== "none" && Math.max(...times(style.animationDuration)) > most;
      if (isAnimated || Math.max(...times(style.transitionDuration)) > most || style.scrollBehavior === "smooth") {
        found.push(`moves: ${element.tagName} ${element.className} ${pseudo ?? ""}`);
      }
    }
  }
  return found;
}"""

# The keyboard was used last, so what gets the focus shows it as after a Tab.
HIDES_FOCUS = """() => {
  const looks = (element) => [element, element.parentElement, element.nextElementSibling].map((one) => {
    if (!one) return "";
    const style = getComputedStyle(one);
    const outline = style.outlineStyle === "none" || style.outlineWidth === "0px" ? "" : style.outline;
    return [outline, style.boxShadow].join();
  }).join("|");
  const reached = "a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex='-1'])";
  const found = [];
  for (const element of document.querySelectorAll(reached)) {
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    document.activeElement.blur();
    const before = looks(element);
    element.focus();
    if (document.activeElement === element && looks(element) === before) {
      found.push(`hides its focus: ${element.outerHTML.slice(0, 120)}`);
    }
  }
  document.activeElement.blur();
  return found;
}"""


@pytest.fixture
def parts() -> dict[str, list[Visit]]:
    """A small market that has been analysed, what people do with it, and the pages that show it."""
    load_demo_market()
    tickers = [*RUNNING, *WAITING, GONE, "MERUVANTA.DEMO", "QUILLMERE.DEMO", "NAVANKURA.DEMO", "STAMBHANA.DEMO"]
    Stock.objects.exclude(pk__in=tickers).delete()
    ann = make_user("ann", is_staff=True)
    first = make_finished_job(*tickers, requested_by=ann, description="First analysis", source=Source.DEMO)
    compute_records()
    return furnish(ann, make_user("newcomer"), first)


@pytest.mark.parametrize("part", PARTS)
def test_every_page_is_quiet_accessible_as_wide_as_the_screen_and_at_rest(
    page: Page, live_server: LiveServer, parts: dict[str, list[Visit]], part: str
) -> None:
    """Load each page in one theme at each width, look at all of it, then at what the other theme changes."""
    assert set(parts) == set(PARTS)
    complaints = listen(page, live_server.url)
    answers: list[int] = []
    page.on("response", lambda answer: answers.append(_status(answer)))
    faults: dict[str, list[Any]] = {}
    for visit in parts[part]:
        for width, theme, other in LOOKS:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            _go(page, live_server.url, visit)
            not_ours = NOT_OURS.get(visit.name, set())
            found = _faults(page, width, not_ours)
            page.emulate_media(color_scheme=other, reduced_motion="reduce")
            found += [(other, fault, nodes) for fault, nodes in _axe(page, OF_A_THEME) if fault not in not_ours]
            status = [answer for answer in answers if answer][-1]
            # Chromium reports the refusal that was asked for as an error of the page.
            refused = max(visit.status, visit.part_status)
            expected = f"the server responded with a status of {refused} " if refused >= 400 else None
            found += [said for said in complaints if expected is None or expected not in said]
            found += [f"answers {status}"] if status != visit.status else []
            complaints.clear()
            answers.clear()
            if found:
                faults[f"{visit.name} at {width} in {theme}"] = found
    assert faults == {}


def test_the_other_theme_is_looked_at_too(page: Page, live_server: LiveServer) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(f"{live_server.url}/login/")
    spoilt = (
        "@media (prefers-color-scheme: dark) { main button { color: #999 !important; background: #aaa !important } }"
    )
    page.evaluate(
        """style => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(style);
          document.adoptedStyleSheets.push(sheet);
        }""",
        spoilt,
    )
    assert _faults(page, 1280, set()) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert "color-contrast" in str(_axe(page, OF_A_THEME))


def test_what_the_policy_refuses_and_whom_a_page_asks_is_noticed(page: Page, live_server: LiveServer) -> None:
    """The collector of the test above, on a page that does what none may do."""

    def spoil(route: Route) -> None:
        answer = route.fetch()
        bad = '<p style="color: red">x</p><script>1</script><img alt="" src="http://127.0.0.1:1/picture.png"></main>'
        route.fulfill(response=answer, body=answer.text().replace("</main>", bad))

    complaints = listen(page, live_server.url)
    page.route("**/login/", spoil)
    page.goto(f"{live_server.url}/login/")
    for refused in ("style-src-attr refuses inline", "script-src-elem refuses inline", "img-src refuses http"):
        assert [said for said in complaints if refused in said], refused
    with pytest.raises(Error):
        page.goto("http://127.0.0.1:1/")
    assert complaints[-1] == "Asks http://127.0.0.1:1/"


def test_what_is_seen_of_a_page_is_noticed(page: Page, live_server: LiveServer) -> None:
    """The other looks of the test above, on a page that is made worse one way after another."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{live_server.url}/login/")
    assert _faults(page, 1280, set()) == []
    for style, told in (
        ("transition: color 1s !important", "moves: BUTTON"),
        ("outline: none !important; box-shadow: none !important", "hides its focus: <button"),
        ("position: absolute; width: 1400px", "pixels wide on a screen of 1280"),
        ("color: #999 !important; background: #aaa !important", "color-contrast"),
    ):
        page.goto(f"{live_server.url}/login/")
        page.evaluate("style => document.querySelector('main button').style.cssText = style", style)
        assert told in str(_faults(page, 1280, set()))


def _go(page: Page, address: str, visit: Visit) -> None:
    page.context.clear_cookies()
    if visit.who:
        log_in(page, visit.who, address)
    page.goto(f"{address}{visit.address}")
    if visit.act:
        visit.act(page)


def _faults(page: Page, width: int, not_ours: Set[str]) -> list[Any]:
    found: list[Any] = [(fault, nodes) for fault, nodes in _axe(page) if fault not in not_ours]
    found += page.evaluate(MOVES, STILL_MILLISECONDS)
    page.keyboard.press("Tab")
    found += page.evaluate(HIDES_FOCUS)
    for screen in [width, *BETWEEN] if width > max(BETWEEN) else [width]:
        page.set_viewport_size({"width": screen, "height": 900})
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > screen:
            found.append(f"is {wide} pixels wide on a screen of {screen}")
    return found


def _axe(page: Page, options: dict[str, Any] | None = None) -> list[tuple[str, list[str]]]:
    """Return the rules that axe says are broken, each with the elements that break it."""
    found = Axe().run(page, options={"resultTypes": ["violations"], **(options or {})}).response["violations"]
    return [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found]


def _status(answer: Response) -> int:
    """The status of a page, 0 of what belongs to one."""
    return answer.status if answer.request.is_navigation_request() else 0
