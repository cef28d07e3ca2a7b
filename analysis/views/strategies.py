"""View of the strategies page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.engine.strategies import STRATEGIES
from analysis.pages.strategy_page import StrategyDescription
from stockapp.accounts.requests import Request


@require_safe
def strategies(request: Request) -> HttpResponse:
    described = [StrategyDescription(strategy) for strategy in STRATEGIES.values()]
    return render(request, "analysis/strategies.html", {"described": described})
