"""Submissions: the analysis of some stocks, or of the demo market, in one job."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from ninja import Field, Router

from analysis.api.jobs import SubmissionOut, submission_out
from analysis.api.problems import WRITE_PROBLEMS, Problem
from analysis.api.values import OWN_CAPITAL, SPELLING, Capital, Payload, StrategyKey
from analysis.directory import check_symbols
from analysis.jobs.submit import submit
from analysis.models import DemoRemoval, Source, Stock
from analysis.prices.tickers import DEMO_SUFFIX, is_demo, normalise
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request

router = Router(tags=["Jobs"])


class AnalyzeIn(Payload):
    symbols: list[str] = Field(
        [],
        description="Tickers as Yahoo writes them, like TCS.NS or AAPL, or symbols like NSE:TCS. None, with `use_demo`:"
        " all its companies.",
        json_schema_extra={"items": SPELLING, "examples": [["KAVERI.DEMO", "MERUVANTA.DEMO"]]},
    )
    capital: Capital | None = Field(None, description=OWN_CAPITAL)
    use_demo: bool = Field(False, description="Analyse companies of the demo market, whose tickers end in .DEMO.")
    strategy: StrategyKey | None = Field(
        None,
        description="The strategy of the job's own verdicts; your account's if left out. It changes nobody's lists:"
        " every result is rated by all strategies in use.",
    )


@router.post(
    "/stocks/analyze-all-stocks",
    response={201: SubmissionOut, 200: SubmissionOut, WRITE_PROBLEMS: Problem},
)
def analyze_all_stocks(request: Request, payload: AnalyzeIn) -> Any:
    """Analyse these stocks in a new job (201), or return the job that does so already (200).

    Nothing is made up for a real ticker: `use_demo` is for the invented companies, whose tickers end in `.DEMO`.
    """
    submission = submit(
        _demo_tickers(payload.symbols) if payload.use_demo else _check_symbols(request, payload.symbols),
        source=Source.API,
        requested_by=request.user,
        strategy=payload.strategy or request.user.strategy,
    )
    query = f"?{urlencode({'capital': payload.capital})}" if payload.capital is not None else ""
    return submission_out(request, submission, query)


def _check_symbols(request: Request, symbols: list[str]) -> list[str]:
    if len(symbols) > 2 * settings.MAX_STOCKS_PER_JOB:  # before any of them is read; `submit` counts tickers
        raise RequestRejected(f"{len(symbols):,} symbols are too many; the limit is {settings.MAX_STOCKS_PER_JOB:,}.")
    return check_symbols(symbols, request.user.bare_exchange)


def _demo_tickers(symbols: list[str]) -> list[str]:
    if real := [symbol for symbol in symbols if not is_demo(normalise(symbol))]:
        raise RequestRejected(
            f"“{real[0][:30]}” is not of the demo market, whose tickers end in .DEMO; leave out use_demo."
        )
    if symbols:
        return symbols
    companies = Stock.objects.active().filter(pk__endswith=DEMO_SUFFIX).order_by("pk")
    tickers = list(companies.values_list("pk", flat=True)[: settings.MAX_STOCKS_PER_JOB + 1])
    if not tickers:
        if DemoRemoval.objects.exists():
            raise RequestRejected("The demo market was removed from this installation.")
        raise RequestRejected("The demo market is not loaded; `manage.py load_demo` does it.")
    return tickers
