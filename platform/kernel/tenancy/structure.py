"""What the migrations make of an empty database, kept in a file for each side, so that nobody waits for them again.

`manage.py structure renew` writes the files; tests hold them equal to the migrations. A file that was made of other
migrations than those at hand is as good as none: then the migrations do the work.
"""

from collections.abc import Iterable
from pathlib import Path

from kernel.tenancy.head import head_hash
from kernel.tenancy.router import PLATFORM, TENANT

FOLDER = Path(__file__).parent / "structure"
FILES = {PLATFORM: "platform.sql", TENANT: "tenant.sql"}
_HEAD = "-- Made by `manage.py structure renew` of the migrations "
_END = ";\n"


def kept(alias: str) -> list[str] | None:
    """The statements that make a side's tables in an empty schema; None where no file of these migrations is."""
    path = FOLDER / FILES[alias]
    if not path.exists():
        return None
    head, _, text = path.read_text(encoding="utf-8").partition("\n")
    return text.split(_END)[:-1] if head == _HEAD + head_hash(alias) else None


def keep(alias: str, statements: Iterable[str]) -> None:
    """Write a side's file anew."""
    lines = [_HEAD + head_hash(alias) + "\n"]
    for statement in statements:
        if ";" in statement:
            raise ValueError(f"The file keeps statements without a semicolon in them, but there is: {statement}")
        lines.append(statement + _END)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / FILES[alias]).write_text("".join(lines), encoding="utf-8")


def stale() -> list[str]:
    """The files that are not of the migrations at hand."""
    return [name for alias, name in FILES.items() if kept(alias) is None]
