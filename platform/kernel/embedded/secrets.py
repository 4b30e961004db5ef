"""The SECRET_KEY of an installation with embedded services: made once, kept in its data folder."""

import os
import secrets
from pathlib import Path


def embedded_secret_key(home: Path) -> str:
    target = home / "secret-key"
    try:
        return target.read_text().strip()
    except FileNotFoundError:
        pass
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = home / f"secret-key.{os.getpid()}"
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(60))
    try:
        # A link instead of a rename: of two first starts at the same moment one key wins and both read it.
        os.link(draft, target)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return target.read_text().strip()
