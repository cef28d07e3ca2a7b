"""The stack of a request: no depth of call makes the interpreter take and give back memory at each call of a loop."""

import resource
import sys
from collections.abc import Callable

import pytest
from django.http import HttpRequest, HttpResponse

from stockapp.middleware import keep_calls_together

CALLS = 2_000
DEPTHS = range(0, 160, 2)  # some of them end within one call of the end of a usual piece


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the page faults of a thread")
def test_a_loop_of_calls_takes_no_memory_at_any_depth() -> None:
    answer = keep_calls_together(_call_often)
    assert {depth: faults for depth in DEPTHS if (faults := _faults_at(depth, answer)) > CALLS / 10} == {}


def _faults_at(depth: int, answer: Callable[[HttpRequest], object]) -> int:
    if depth:
        return _faults_at(depth - 1, answer)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    answer(HttpRequest())
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def _call_often(_: HttpRequest) -> HttpResponse:
    for number in range(CALLS):
        _called(number)
    return HttpResponse()


def _called(number: int) -> int:
    return _called_by_it(number, number, number, number)


def _called_by_it(*numbers: int) -> int:
    return sum(numbers)
