"""The JSON API under `/api/`: the routers of the apps, authentication, and the documentation page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver
from django.views.decorators.cache import never_cache
from ninja import NinjaAPI, Router, Schema, Status, Swagger
from ninja.operation import Operation

from analysis.api import jobs, parameters, problems, records, results, screener, stocks, submissions
from stockapp.access import SessionAccess, TokenAccess
from stockapp.health import report
from watchlist import api as watchlists

METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


class Docs(Swagger):
    """The bundled Swagger UI, which needs no network; the page itself contains no script and no style."""

    template = "api/docs.html"

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        settings = {**self.settings, "url": self.get_openapi_url(api, kwargs)}
        return render(request, self.template, {"swagger_settings": settings})


class HealthOut(Schema):
    """`problems` is for staff and for monitors with METRICS_TOKEN."""

    ok: bool
    problems: list[str] = []


class Api(NinjaAPI):
    """An API whose operations have the names of their functions, such as `get_job`."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__


api = Api(
    title="Stockapp",
    version="1",
    description=(
        "Lists come in pages: ask again with `cursor` set to `next`, until that is null. A parameter or a field that "
        "an operation does not have is refused with 422, by name."
    ),
    urls_namespace="api",
    docs=Docs(),
    auth=[TokenAccess(), SessionAccess()],
)
problems.install(api)
parameters.install(api)
rest = Router()


@api.get(
    "/health",
    auth=None,
    response={200: HealthOut, 503: HealthOut, 422: problems.Problem},
    exclude_unset=True,
    tags=["Health"],
)
def get_health(request: HttpRequest) -> Any:
    """Return 200 if the installation works, else 503, without authentication. Reasons are for staff and monitors."""
    status, body = report(request)
    return Status(status, body)


@rest.get("/", auth=None, include_in_schema=False)
def home(request: HttpRequest) -> HttpResponse:
    return redirect("api:openapi-view")


@rest.api_operation(METHODS, "/{path:address}", auth=None, include_in_schema=False)
def anything_else(request: HttpRequest, address: str) -> HttpResponse:
    raise Http404


for router in (
    submissions.router,
    results.router,
    stocks.router,
    jobs.router,
    screener.router,
    records.router,
    watchlists.router,
    rest,
):
    api.add_router("", router)


def urls() -> tuple[list[URLPattern | URLResolver], str, str]:
    """Return the API's URLs: all answer any client in JSON, except the documentation, a page for logged-in users."""
    patterns, app, namespace = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern) and pattern.name != "openapi-view":
            pattern.callback = _in_json(pattern.callback)
    return patterns, app, namespace


def _in_json(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    @never_cache
    @login_not_required
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = view(request, *args, **kwargs)
        if response.status_code != 405:
            return response
        allowed = response.headers["Allow"]
        message = f"This address does not take {request.method}, but {allowed}."
        return problems.problem_response(405, problems.Kind.METHOD_NOT_ALLOWED, message, Allow=allowed)

    return answer
