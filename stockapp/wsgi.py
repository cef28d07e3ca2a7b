"""The WSGI application that gunicorn serves; a process that loads this module is a web process (stockapp.process)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockapp.settings")
application = get_wsgi_application()
