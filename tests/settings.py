"""Settings of the tests: the application's own, with a password hasher that costs nothing.

The processes that tests start inherit them by DJANGO_SETTINGS_MODULE, so that they know the same hashes.
"""

from stockapp.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
