"""URLs of stocks, strategies, records and jobs."""

from django.urls import path, register_converter

from analysis.prices.tickers import normalise
from analysis.views import bulk, chart, indicators, jobs, records, source_notice, stocks, strategies


class TickerConverter:
    """A ticker in an address, in capitals: `M&M.NS`, `BAJAJ-AUTO.NS`, `^NSEI`, `INR=X`."""

    regex = r"[A-Za-z0-9^][A-Za-z0-9.&^=_-]{0,19}"

    def to_python(self, value: str) -> str:
        return normalise(value)

    def to_url(self, value: str) -> str:
        return value


register_converter(TickerConverter, "ticker")

app_name = "analysis"

urlpatterns = [
    path("stocks/", stocks.stock_search, name="stock_search"),
    path("stocks/<ticker:ticker>/", stocks.stock, name="stock"),
    path("stocks/<ticker:ticker>/live/", stocks.stock_live, name="stock_live"),
    path("stocks/<ticker:ticker>/series/", chart.stock_series, name="stock_series"),
    path("stocks/<ticker:ticker>/analyze/", stocks.analyze_stock, name="analyze_stock"),
    path("stocks/<ticker:ticker>/indicators/", indicators.show, name="show_indicator"),
    path("stocks/<ticker:ticker>/indicators/hide/", indicators.hide, name="hide_indicator"),
    path("stocks/<ticker:ticker>/indicators/<slug:key>/", chart.indicator_series, name="indicator_series"),
    path("indicators/", indicators.indicators, name="indicators"),
    path("strategies/", strategies.strategies, name="strategies"),
    path("track-record/", records.track_record, name="track_record"),
    path("track-record/live/", records.track_record_live, name="track_record_live"),
    path("track-record/refresh/", records.refresh_record, name="refresh_record"),
    path("source-notice/", source_notice.source_notice, name="source_notice"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/live/", jobs.jobs_live, name="jobs_live"),
    path("jobs/bulk/", bulk.confirm_bulk, name="confirm_bulk"),
    path("jobs/bulk/start/", bulk.start_bulk, name="start_bulk"),
    path("jobs/<uuid:pk>/", jobs.job, name="job"),
    path("jobs/<uuid:pk>/live/", jobs.job_live, name="job_live"),
    path("jobs/<uuid:pk>/failures.txt", jobs.job_failures, name="job_failures"),
    path("jobs/<uuid:pk>/cancel/", jobs.cancel_job, name="cancel_job"),
    path("jobs/<uuid:pk>/rerun/", jobs.rerun_job, name="rerun_job"),
    path("jobs/<uuid:pk>/rerun-failed/", jobs.rerun_failed, name="rerun_failed"),
]
