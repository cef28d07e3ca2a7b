"""Settings of the tests: the application's own, with a password hasher that costs nothing.

The processes that tests start inherit them by DJANGO_SETTINGS_MODULE, so that they know the same hashes.

Tests travel in time, and the database's server does not travel with them: within the tests' own process the machine's
clock is the database's. The processes that tests start have the real clocks, as have the tests of the clock.
"""

import os

from stockapp.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASE_HAS_CLOCK = DATABASE_HAS_CLOCK and os.environ.get("CLOCK_OF_TESTS") == "real"  # noqa: F405
MAX_PRICE_AGE_SESSIONS = 10_000  # results have fixed days, and tests run at any date
