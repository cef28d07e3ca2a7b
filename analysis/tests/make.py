"""Makers of what tests need; each writes real rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from django.contrib.auth import get_user_model
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from analysis.calendars.current import SPECIAL_DAYS
from analysis.engine.evidence import to_evidence
from analysis.engine.version import ENGINE_VERSION
from analysis.jobs.submit import submit
from analysis.models import (
    Job,
    JobDetail,
    PriceHistory,
    Rating,
    RawData,
    Result,
    ResultStatus,
    Source,
    SpecialDay,
    Stock,
)
from analysis.prices.arrow import pack_traded
from analysis.prices.port import TradedPrices
from analysis.prices.special_days import DaySource
from analysis.worker.slice import run_job

if TYPE_CHECKING:
    from stockapp.accounts.models import User

PASSWORD = "correct horse battery"
RATING_FIELDS = {field.name for field in Rating._meta.concrete_fields} - {"id", "result"}
NO_EVENTS: Mapping[date, float] = MappingProxyType({})


def make_user(name: str = "ann", **fields: Any) -> User:
    return get_user_model().objects.create_user(username=name, password=PASSWORD, **fields)


def make_stock(ticker: str = "KAVERI.DEMO", **fields: Any) -> Stock:
    return Stock.objects.create(**{"ticker": ticker, "name": ticker.title(), "currency": "INR", **fields})


def make_job(*tickers: str, **fields: Any) -> Job:
    """A queued job of these stocks, as `submit` writes it, with no worker woken."""
    given = {"source": Source.WATCHLIST, **fields}
    return submit(tickers or ["KAVERI.DEMO"], wake=False, **given).job


def make_finished_job(*tickers: str, **fields: Any) -> Job:
    """A job that has run in this process, over the demo market's bars."""
    job = make_job(*tickers, **fields)
    run_job(str(job.pk))
    job.refresh_from_db()
    return job


def make_result(stock: Stock, day: date = date(2026, 11, 20), **fields: Any) -> Result:
    """A completed result with evidence and a rating, of a job of its own unless one is given; the stock's last one.

    Fields of the rating may be given beside those of the result; `strategy` is its strategy, `is_rated=False` omits it.
    """
    now = timezone.now()
    job = fields.pop("job", None) or Job.objects.create(
        source=Source.WATCHLIST, strategy="technical_rating", price_source="csv", total=1, request_key=str(now)
    )
    given: dict[str, Any] = {
        "status": ResultStatus.COMPLETED,
        "source": job.source,
        "price_source": job.price_source,
        "close": 100.0,
        "previous_close": 98.0,
        "bar_count": 500,
        "engine_version": ENGINE_VERSION,
        "started_at": now,
        "completed_at": now,
        "created_at": now,
        "updated_at": now,
    }
    is_rated = fields.pop("is_rated", True)
    of_rating = {name: fields.pop(name) for name in RATING_FIELDS & set(fields)}
    result = Result.objects.create(job=job, stock=stock, day=day, **(given | fields))
    RawData.objects.create(result=result, evidence={**to_evidence([]), "data_quality": []})
    if is_rated and result.status == ResultStatus.COMPLETED:
        make_rating(result, **of_rating)
    Stock.objects.filter(pk=stock.pk).update(last_result=result, last_status=result.status)
    return result


def make_rating(result: Result, **fields: Any) -> Rating:
    """A rating with a plan, by the strategy of the result's job unless one is given."""
    given: dict[str, Any] = {
        "strategy": result.job.strategy,
        "score": 0.3,
        "raw_verdict": "buy",
        "verdict": "buy",
        "side": "long",
        "entry": 100.0,
        "stop": 95.0,
        "target": 110.0,
        "risk_reward": 2.0,
    }
    return Rating.objects.create(result=result, **(given | fields))


def store_events(
    ticker: str, *, dividends: Mapping[date, float] = NO_EVENTS, splits: Mapping[date, float] = NO_EVENTS, **about: Any
) -> PriceHistory:
    """The stored history of a stock with these dividends and splits, as if its source had told of them."""
    history = PriceHistory.objects.get(stock=ticker)
    bars = history.unpack()
    days = bars.session.tolist()
    split = np.array([splits.get(day, 1.0) for day in days])
    dividend = np.array([dividends.get(day, 0.0) for day in days])
    history.traded = pack_traded(TradedPrices(bars.session, bars.close, split, dividend))
    history.about = about
    history.save(update_fields=["traded", "about"])
    return history


def make_special_day(exchange: str, day: date, *, source: DaySource = DaySource.ADMIN, **fields: Any) -> SpecialDay:
    """A holiday, unless `is_session` is given; it counts at once."""
    made = SpecialDay.objects.create(exchange=exchange, day=day, source=source, **fields)
    SPECIAL_DAYS.forget()
    return made


def make_message(*, waited: timedelta) -> OrmQ:
    """A queue message that nobody has taken for so long."""
    return OrmQ.objects.create(key="stockapp", payload="", lock=timezone.now() - waited)


def queued_calls() -> list[str]:
    """The functions that messages in the queue call."""
    return [str(message.task["func"]) for message in OrmQ.objects.all()]


def planned_calls() -> list[str]:
    """The functions that planned messages will call."""
    return list(Schedule.objects.values_list("func", flat=True))


def details_of(job: Job) -> dict[str, JobDetail]:
    return {detail.stock_id: detail for detail in JobDetail.objects.filter(job=job).select_related("result")}
