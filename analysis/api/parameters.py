"""Parameters: an operation refuses unknown query parameters by name, and a single value that is given twice.

A misspelt filter would otherwise be ignored, and the response would contain every stock.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.params.models import QueryModel

from analysis.api.problems import InvalidInput
from analysis.names import unknown_name

type Run = Callable[..., HttpResponse]


def install(api: NinjaAPI) -> None:
    """Let every operation of this API refuse unknown parameters. Call it before routers are added."""
    api.add_decorator(_refuse_unknown_parameters, mode="view")


def _refuse_unknown_parameters(run: Run) -> Run:
    operation: Operation = run.__self__  # type: ignore[attr-defined]
    known, many = _query_parameters(operation)

    @wraps(run)
    def answer(request: HttpRequest, **places: Any) -> HttpResponse:
        fields = _find_faults(request, known, many) if operation.include_in_schema else {}
        if not fields:
            return run(request, **places)
        refusal: HttpResponse | None = operation._run_checks(request)  # a failed authentication is reported first
        return refusal or operation.api.on_exception(request, InvalidInput(fields))

    return answer


def _find_faults(request: HttpRequest, known: list[str], many: set[str]) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    for name, values in request.GET.lists():
        if name not in known:
            faults[name[:60]] = [unknown_name(name, known, "a parameter")]
        elif len(values) > 1 and name not in many:
            faults[name] = ["It is given more than once; give one value."]
    return faults


def _query_parameters(operation: Operation) -> tuple[list[str], set[str]]:
    """Return the names of an operation's query parameters, and those that take several values."""
    models: list[Any] = [model for model in operation.models if issubclass(model, QueryModel)]
    known = [name for model in models for name in getattr(model, "__ninja_flatten_map__", None) or model.model_fields]
    return known, {name for model in models for name in getattr(model, "__ninja_collection_fields__", [])}
