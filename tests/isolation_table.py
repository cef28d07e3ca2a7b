"""Who gets what from every address: the owner, another user, staff without permissions, and nobody.

A verdict is the status of the answer; `login` is the way to the login page, `admin` that to the admin's. A superuser
gets what staff get unless a fifth verdict says otherwise. `read` is for GET, `write` for `method` with `body`; what is
empty is another row's, of the same address. Addresses of the admin follow rules: see the test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PEOPLE = ("owner", "another", "staff", "nobody", "superuser")

OWN = "200 404 404 login"
ALL = "200 200 200 login"
NO_WRITE = "405 405 405 login"
NO_READ = "405 405 405 login"
ACT = "302 404 404 login"
ALL_ACT = "302 302 302 login"
STAFF_SEE = "200 404 200 login"
ADMIN_ACTS = "302 404 404 login 302"

API_OWN = "200 404 404 401"
API_ALL = "200 200 200 401"
API_NONE = "405 405 405 405"


@dataclass(frozen=True)
class Row:
    read: str
    write: str = NO_WRITE
    body: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    method: str = "post"
    is_json: bool = False
    is_leave: bool = False
    """Whether its address holds a secret that is the leave to change what is Ann's, as the link of a message does."""


def _api(read: str = "", write: str = "", body: dict[str, Any] | None = None, method: str = "post") -> Row:
    return Row(read, write, body or {}, method=method, is_json=True)


ONE = {"ticker": "B&D.DEMO"}
SETTINGS = {
    "capital": "1", "risk_percent": "2", "position_limit_percent": "10", "min_risk_reward": "2", "theme": "dark",
    "strategy": "technical_rating", "number_format": "indian", "time_zone": "Asia/Kolkata", "default_exchange": "NSE",
}  # fmt: skip

# In a body or query `{name}` stands for what is Ann's: everybody asks for her things.
TABLE: dict[str, Row] = {
    "watchlist:home": Row(ALL_ACT),
    "watchlist:remove_demo": Row("403 403 403 login 200", "403 403 403 login 302"),
    "watchlist:create": Row(NO_READ, ALL_ACT, {"name": "New"}),
    "watchlist:watch": Row(NO_READ, ALL_ACT, ONE),
    "watchlist:previous_stock": Row(ALL_ACT, query="list={watchlists}"),
    "watchlist:next_stock": Row(ALL_ACT, query="list={watchlists}"),
    "watchlist:watchlist": Row(OWN, query="undo={change}"),
    "watchlist:rename": Row(NO_READ, ACT, {"name": "New"}),
    "watchlist:shift": Row(NO_READ, ACT, {"way": "1"}),
    "watchlist:delete": Row(OWN, ACT),
    "watchlist:import": Row(OWN, OWN, {"text": "B&D.DEMO"}),
    "watchlist:confirm_import": Row(NO_READ, ACT, {"text": "B&D.DEMO", "tickers": "B&D.DEMO"}),
    "watchlist:export_csv": Row(OWN),
    "watchlist:export_xlsx": Row(OWN),
    "watchlist:rows": Row(OWN),
    "watchlist:row": Row(ACT),
    "watchlist:add": Row(NO_READ, ACT, ONE),
    "watchlist:add_demo_market": Row(NO_READ, ACT),
    "watchlist:remove": Row(NO_READ, ACT, {"remove": "KAVERI.DEMO"}),
    "watchlist:move_to": Row(NO_READ, ACT, {"tickers": "KAVERI.DEMO", "target": "new", "name": "New"}),
    "watchlist:copy_to": Row(NO_READ, ACT, {"tickers": "KAVERI.DEMO", "target": "{second_list}"}),
    "watchlist:undo": Row(NO_READ, ACT, {"undo": "{change}"}),
    "watchlist:dismiss_renames": Row(NO_READ, ACT, {"until": "{now}"}),
    "watchlist:move": Row(NO_READ, ACT, {"move": "KAVERI.DEMO", "by": "1"}),
    "watchlist:note": Row(NO_READ, ACT, {"note": "KAVERI.DEMO", "note-KAVERI.DEMO": "New"}),
    "watchlist:analyze": Row(NO_READ, ACT, {"one": "VANQUAY.DEMO"}),
    "analysis:stock_search": Row(ALL, query="q=annaspera"),
    "analysis:stock": Row(ALL),
    "analysis:stock_live": Row("286 286 286 login"),
    "analysis:stock_series": Row(ALL),
    "analysis:analyze_stock": Row(NO_READ, ALL_ACT),
    "analysis:show_indicator": Row(NO_READ, ALL_ACT, {"name": "rsi"}),
    "analysis:hide_indicator": Row(NO_READ, ALL_ACT, {"slug": "rsi-14"}),
    "analysis:indicator_series": Row(ALL),
    "analysis:indicators": Row(ALL, query="name=rsi"),
    "analysis:strategies": Row(ALL),
    "analysis:track_record": Row(ALL),
    "analysis:track_record_live": Row("286 286 286 login"),
    "analysis:refresh_record": Row(NO_READ, ALL_ACT),
    "analysis:source_notice": Row(ALL),
    "analysis:jobs": Row(ALL, query="q=annaspera"),
    "analysis:jobs_live": Row("200 286 200 login"),
    "analysis:confirm_bulk": Row("403 403 200 login"),
    "analysis:start_bulk": Row(NO_READ, "403 403 302 login"),
    "analysis:job": Row(STAFF_SEE),
    "analysis:job_live": Row("286 404 286 login"),
    "analysis:job_failures": Row(STAFF_SEE),
    "analysis:cancel_job": Row(NO_READ, ADMIN_ACTS),
    "analysis:rerun_job": Row(NO_READ, ADMIN_ACTS),
    "analysis:rerun_failed": Row(NO_READ, ADMIN_ACTS),
    "screener:screener": Row(ALL, query="screen={screens}"),
    "screener:export": Row(ALL, query="screen={screens}"),
    "screener:add": Row(NO_READ, "302 422 422 login", {"watchlist": "{watchlists}", "tickers": "KAVERI.DEMO"}),
    "screener:create": Row(NO_READ, ALL_ACT, {"name": "New", "query": "verdict=sell&screen={screens}"}),
    "screener:open": Row(ACT),
    "screener:rename": Row(NO_READ, ACT, {"name": "New"}),
    "screener:replace": Row(NO_READ, ACT, {"query": "verdict=sell"}),
    "screener:delete": Row(NO_READ, ACT),
    "digest:settings": Row(ALL, ALL_ACT, {"email": "new@example.org"}),
    "digest:send_confirmation": Row(NO_READ, ALL_ACT),
    "digest:confirm": Row("200 200 200 200", "200 200 200 200", is_leave=True),
    "digest:unsubscribe": Row("200 200 200 200", "200 200 200 200", is_leave=True),
    "accounts:account": Row(ALL, ALL_ACT, SETTINGS),
    "accounts:account_example": Row("422 422 422 login"),
    "accounts:new_token": Row(ALL, "201 201 201 login", {"name": "New", "scope": "read"}),
    "accounts:revoke_token": Row(NO_READ, ACT),
    "accounts:revoke_all_tokens": Row(NO_READ, ALL_ACT),
    "password_change": Row(ALL, "422 422 422 login"),
    "login": Row("302 302 302 200", "302 302 302 422"),
    "logout": Row("405 405 405 login", "302 302 302 login"),
    "theme": Row(NO_READ, ALL_ACT, {"theme": "dark"}),
    "api:openapi-json": Row("200 200 200 200", "200 200 200 200"),
    "api:openapi-view": Row(ALL, ALL),
    "api:get_health": _api("503 503 503 503", API_NONE),
    "api:analyze_all_stocks": _api(API_NONE, "201 201 201 401", {"symbols": ["B&D.DEMO"]}),
    "api:list_results": _api(API_ALL, API_NONE),
    "api:list_results_of_stock": _api(API_ALL, API_NONE),
    "api:get_result": _api(API_ALL, API_NONE),
    "api:search_stocks": _api(API_ALL, API_NONE),
    "api:get_stock": _api(API_ALL, API_NONE),
    "api:get_plan": _api(API_ALL, API_NONE),
    "api:list_jobs": _api(API_ALL, API_NONE),
    "api:get_job": _api("200 404 200 401", API_NONE),
    "api:cancel_job": _api(API_NONE, "200 404 404 401 200"),
    "api:rerun_job": _api(API_NONE, "201 404 404 401 201", {"failed_only": False}),
    "api:screen_stocks": _api(API_ALL, API_NONE),
    "api:get_track_record": _api(API_ALL, API_NONE),
    "api:list_watchlists": _api(API_ALL),
    "api:create_watchlist": _api("", "201 201 201 401", {"name": "New"}),
    "api:get_watchlist": _api(API_OWN),
    "api:rename_watchlist": _api("", API_OWN, {"name": "New"}, "patch"),
    "api:delete_watchlist": _api("", "204 404 404 401", method="delete"),
    "api:add_to_watchlist": _api(API_NONE, "201 404 404 401", {"ticker": "B&D.DEMO"}),
    "api:remove_stocks": _api(API_NONE, API_OWN, {"tickers": ["KAVERI.DEMO"]}),
    "api:move_stocks": _api(API_NONE, API_OWN, {"tickers": ["KAVERI.DEMO"], "target": "{second_list}"}),
    "api:copy_stocks": _api(API_NONE, API_OWN, {"tickers": ["KAVERI.DEMO"], "target": "{second_list}"}),
    "api:remove_from_watchlist": _api(API_NONE, "204 404 404 401", method="delete"),
    "api:home": Row("302 302 302 302", "405 405 405 405"),
    "api:anything_else": Row("404 404 404 404", "404 404 404 404"),
    "api:api-root": Row("302 302 302 302", "405 405 405 405"),
    "healthz": Row("503 503 503 503", "405 405 405 405"),
    "metrics": Row("401 401 401 401", "405 405 405 405"),
    "admin:index": Row("admin admin 200 admin", "admin admin 200 admin"),
    "admin_login": Row("200 200 302 200", "200 200 200 200"),
    "admin:login": Row("200 200 302 200", "200 200 200 200"),
    "admin:logout": Row("302 302 405 admin", "302 302 302 admin"),
    "admin/password_change/": Row(ALL_ACT, ALL_ACT),
    "admin:password_change": Row(ALL_ACT, ALL_ACT),
    "admin:password_change_done": Row("admin admin 200 admin", "admin admin 405 admin"),
    "admin:autocomplete": Row("admin admin 403 admin", "admin admin 405 admin"),
    "admin:jsi18n": Row("admin admin 200 admin", "admin admin 405 admin"),
    "admin:view_on_site": Row("admin admin 302 admin", "admin admin 302 admin"),
    "admin:app_list": Row("admin admin 404 admin 200", "admin admin 404 admin 200"),
    "admin:analysis_result_evidence": Row("admin admin 404 login 200", "admin admin 404 login 200"),
    "admin:auth_user_password_change": Row("admin admin 403 login 200", "admin admin 403 login 200"),
    "admin/(?P<url>.*)$": Row("admin admin 404 admin", "admin admin 404 admin"),
}

SHOWN_TO_STAFF = {
    "analysis:jobs", "analysis:jobs_live", "analysis:job", "analysis:job_live", "analysis:job_failures",
    "analysis:rerun_failed", "api:list_jobs", "api:get_job", "api:cancel_job", "api:rerun_job",
}  # fmt: skip
"""Jobs of everybody, with their descriptions and who asked for them."""
