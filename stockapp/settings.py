"""Django's settings, from the environment that `environment.py` reads."""

from datetime import timedelta
from pathlib import Path

import django_stubs_ext
from django.utils.csp import CSP

from stockapp.environment import BASE_DIR, BadEnvironment, read
from stockapp.logs import logging_settings
from stockapp.private_files import make_private
from stockapp.process import patience
from stockapp.sqlite import IN_MEMORY, ExistingFile

django_stubs_ext.monkeypatch()  # generic classes of Django may be written with their parameter, as in ModelForm[User]

ENV = read()

DATA_DIR = ENV.data_dir
DATABASE = ENV.database
try:  # here, because each process loads the settings before it writes a file
    make_private(DATA_DIR, DATABASE)
except OSError as error:
    raise BadEnvironment(f"Bad setting: DATA_DIR: {DATA_DIR} cannot be made: {error.strerror}.") from None

SECRET_KEY = ENV.secret_key.get_secret_value()
DEBUG = ENV.debug
ALLOWED_HOSTS = list(ENV.allowed_hosts) or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = list(ENV.csrf_trusted_origins)

PRICE_ORDER = ENV.price_order
PRICE_SOURCE = PRICE_ORDER.default[0]
DEFAULT_EXCHANGE = ENV.default_exchange
CSV_PRICES_DIR = ENV.csv_prices_dir
YAHOO_URL = ENV.yahoo_url
REQUESTS_PER_SECOND = ENV.requests_per_second
LIMIT_PAUSE_SECONDS = ENV.limit_pause_seconds
WORKERS = ENV.workers
MAX_STOCKS_PER_JOB = ENV.max_stocks_per_job
MAX_ACTIVE_JOBS_PER_USER = ENV.max_active_jobs_per_user
MAX_WAITING_STOCKS = ENV.max_waiting_stocks
MAX_WAITING_STOCKS_PER_USER = ENV.max_waiting_stocks_per_user
RESERVED_WAITING_STOCKS = ENV.reserved_waiting_stocks
MAX_STOCKS_PER_DAY_PER_USER = ENV.max_stocks_per_day_per_user
MAX_WATCHED_STOCKS_PER_USER = ENV.max_watched_stocks_per_user
MAX_UNCONFIRMED_STOCKS_PER_USER = ENV.max_unconfirmed_stocks_per_user
DEADLINE_SECONDS_PER_STOCK = ENV.deadline_seconds_per_stock
LEASE_SECONDS = ENV.lease_seconds
METRICS_TOKEN = ENV.metrics_token.get_secret_value()
SESSION_IDLE_DAYS = ENV.session_idle_days
SESSION_MAX_DAYS = ENV.session_max_days
TRUSTED_PROXIES = list(ENV.trusted_proxies)
REQUESTS_PER_MINUTE_PER_USER = ENV.requests_per_minute_per_user
REQUESTS_PER_MINUTE_PER_ADDRESS = ENV.requests_per_minute_per_address
LOGINS_PER_MINUTE_PER_ADDRESS = ENV.logins_per_minute_per_address
KEEP_RAW_DATA_DAYS = ENV.keep_raw_data_days
KEEP_DETAILS_DAYS = ENV.keep_details_days
KEEP_RESULTS_DAYS = ENV.keep_results_days
SCHEDULE_DELAY_MINUTES = ENV.schedule_delay_minutes
MAX_PRICE_AGE_SESSIONS = ENV.max_price_age_sessions
ALLOW_PRIVATE_NOTICES = ENV.allow_private_notices
MAILERS = ENV.mailers
SENDS_EMAIL = ENV.sends_email
DEFAULT_FROM_EMAIL = ENV.email_from or "stockapp@localhost"
SITE_URL = ENV.site_url or ("http://127.0.0.1:8000" if DEBUG else f"https://{ALLOWED_HOSTS[0].lstrip('*.')}")

INSTALLED_APPS = [
    "django_q",  # before the analysis, whose admin of planned calls replaces its own
    "stockapp",
    "stockapp.accounts",
    "stockapp.digest",
    "watchlist",
    "analysis",
    "django_htmx",
    "axes",
    "ninja",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [  # the first two are outermost, so that every response has their headers
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "stockapp.client.believe_trusted_proxies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "stockapp.middleware.keep_private",
    "stockapp.unavailable.refuse_while_unavailable",
    "stockapp.reserve.keep_threads_free",
    "stockapp.limits.refuse_too_large",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "stockapp.limits.CountRequests",
    "stockapp.middleware.write_numbers_as_chosen",
    "stockapp.middleware.ShowTimesAsChosen",
    "django_htmx.middleware.HtmxMiddleware",
    "stockapp.middleware.lead_to_login",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
    "stockapp.middleware.keep_calls_together",  # innermost: it is for the calls of a view and its templates
]

ROOT_URLCONF = "stockapp.urls"
WSGI_APPLICATION = "stockapp.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "analysis.context.running_jobs",
                "analysis.context.scheduled",
                "analysis.context.source_notice",
                "analysis.context.demo_permission",
                "stockapp.context.untrusted_proxy",
            ],
            "builtins": ["stockapp.templatetags.formats"],
        },
    },
]

PATIENCE = patience()
# Measured with four writers for 30 s: Django's defaults fail 39 % of the writes with "database is locked", these none.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": PATIENCE.lock,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728; PRAGMA cache_size=-20000; "
        "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864"
    ),
    **({} if PATIENCE.creates_file else {"factory": ExistingFile}),
}
POSTGRESQL_OPTIONS = {
    "options": f"-c lock_timeout={PATIENCE.lock}s -c statement_timeout={PATIENCE.statement}s",
    "connect_timeout": PATIENCE.network,
    "tcp_user_timeout": PATIENCE.network * 1000,
    "keepalives_idle": PATIENCE.network,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}
if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    DATABASE["OPTIONS"] = SQLITE_OPTIONS
    if not PATIENCE.needs_file and not Path(DATABASE["NAME"]).exists():
        DATABASE["NAME"] = IN_MEMORY
    DATABASE["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
else:
    DATABASE["CONN_MAX_AGE"] = 60
    DATABASE["CONN_HEALTH_CHECKS"] = True
    DATABASE["OPTIONS"] = POSTGRESQL_OPTIONS | DATABASE.get("OPTIONS", {})  # options in DATABASE_URL win
DATABASES = {"default": DATABASE}
# A SQLite file has the clock of its machine; a server has its own, which all its clients use (`analysis.clock`).
DATABASE_HAS_CLOCK = DATABASE["ENGINE"] != "django.db.backends.sqlite3"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

# A task has a third more time than its leases. `retry` counts from the moment a message is taken, not from its start:
# it must exceed timeout x (1 + ceil((queue_limit + bulk) / workers)) + 30 s, or a task runs twice at once.
TASK_SECONDS = LEASE_SECONDS * 4 // 3
Q_CLUSTER = {
    "name": "stockapp",
    "orm": "default",
    "broker_class": "analysis.queue.Broker",
    "scheduler": False,  # the supervisor queues planned calls, after checking their functions
    "workers": WORKERS,
    "timeout": TASK_SECONDS,
    "retry": TASK_SECONDS * (2 if WORKERS > 1 else 3) + 60,
    "queue_limit": 1,
    "bulk": 1,
    "poll": 0.2,
    "ack_failures": True,
    "max_attempts": 1,
    "save_limit": -1,
    "recycle": 200,
    "max_rss": 600_000,
    "catch_up": False,
    "label": "Queue",
}
# The only functions that a message or a planned call may name; others are removed.
QUEUE_CALLS = [
    "analysis.worker.slice.run_slice",
    "analysis.worker.rate.rate_latest",
    "analysis.track_records.refresh.refresh",
    "analysis.calendars.learn.learn_in_background",
    "watchlist.schedules.run",
    "watchlist.schedules.prune_in_background",
    "watchlist.demo_market.remove_in_background",
    "stockapp.digest.outbox.deliver",
    "stockapp.expiry.remove_expired",
]
# Functions by their path in an earlier release, whose messages may still wait in the queue.
RENAMED_QUEUE_CALLS = {
    "analysis.services.run.run_slice": "analysis.worker.slice.run_slice",
    "analysis.services.record.refresh": "analysis.track_records.refresh.refresh",
    "watchlist.upkeep.prune_in_background": "watchlist.schedules.prune_in_background",
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "stockapp.accounts.backends.AccountBackend"]
# Name and address together: an attacker cannot lock another person out, and gets few tries for each name.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_CLIENT_IP_CALLABLE = "stockapp.client.address"
AXES_LOCKOUT_CALLABLE = "stockapp.login_lockout.locked_out"
AXES_VERBOSE = False
VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{VALIDATORS}.UserAttributeSimilarityValidator"},
    {"NAME": f"{VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{VALIDATORS}.CommonPasswordValidator"},
    {"NAME": f"{VALIDATORS}.NumericPasswordValidator"},
]
SESSION_ENGINE = "stockapp.accounts.sessions"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "watchlist:home"
LOGOUT_REDIRECT_URL = "login"

DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000  # a list of a thousand stocks can be ticked as a whole

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = ENV.time_zone

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "stockapp.assets.NodeModulesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "stockapp.storage.StaticFiles"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "manifest-src": [CSP.SELF],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SECURE_SSL_REDIRECT = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("SCHEME_OF_TRUSTED_PROXY", "https")  # set by `stockapp.client` only
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENV.hsts_subdomains and not DEBUG
SECURE_HSTS_PRELOAD = ENV.hsts_preload and not DEBUG
# Both require the two settings above, which affect every other host of the domain and are the owner's decision.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

DEFAULT_EXCEPTION_REPORTER = "stockapp.error_reports.Report"
DEFAULT_EXCEPTION_REPORTER_FILTER = "stockapp.error_reports.ReportFilter"

LOGGING = logging_settings(ENV.log_level, ENV.log_format)
