"""The web application for gunicorn: `gunicorn config.wsgi`."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# What is loaded by now lives as long as the process: no collection looks at it again, and forked workers go on sharing
# its pages. A request leaves few cycles behind, so that looking for them less often costs little memory.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 50)
