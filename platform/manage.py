#!/usr/bin/env python
"""Django's command line, from any folder: `.venv/bin/python platform/manage.py COMMAND`."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    # The folder `platform` may not shadow the standard library's module of that name, so both folders are named here.
    for folder in (str(ROOT), str(ROOT / "platform")):
        if folder not in sys.path:
            sys.path.append(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    from django.core.management import execute_from_command_line
    from django.db.utils import OperationalError

    from config.env import EnvError, embedded, show

    if sys.argv[1:2] == ["env"]:
        sys.exit(show(sys.argv[2:]))

    try:
        from django.conf import settings

        settings.INSTALLED_APPS  # noqa: B018 - reads the settings now, so that a bad variable is told in one sentence
        execute_from_command_line(sys.argv)
    except EnvError as error:
        sys.exit(str(error))
    except OperationalError as error:
        if not embedded():
            raise
        from kernel.embedded.state import is_running

        if is_running(settings.HOME):
            raise
        sys.exit(
            f"The embedded database of {settings.HOME} isn't running ({str(error).splitlines()[0]}).\n"
            "Start it with `make services` in another terminal, or everything with `make run`."
        )


if __name__ == "__main__":
    main()
