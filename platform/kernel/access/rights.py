"""System rights: what roles allow beside records. Registered, so that the settings can show them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Right:
    """`has_limit`: a role may allow it for so many records at once."""

    name: str
    label: Any
    help: Any = ""
    has_limit: bool = False


system_rights: dict[str, Right] = {}


def add_right(right: Right) -> None:
    system_rights[right.name] = right


for _right in (
    Right("import", _("Import files"), _("Bring records in from CSV and Excel files.")),
    Right("export", _("Export files"), _("Take records out as CSV and Excel files."), has_limit=True),
    Right("bulk", _("Change many records at once"), _("Also take back what others did in bulk.")),
    Right("company", _("Company settings"), _("Name, language, calendar, custom fields, duplicates.")),
    Right("members", _("Members and teams"), _("Invite, change and deactivate members; make teams.")),
    Right("roles", _("Roles"), _("See and change what roles allow, never more than one's own.")),
    Right("audit", _("Audit log"), _("See what everybody did, as far as one may see the fields it was done to.")),
    Right(
        "privacy",
        _("Privacy"),
        _("Export and erase what is kept about a person, set legal holds. Takes a role that sees everything."),
    ),
    Right("keys", _("API keys of others"), _("See and revoke every key of the workspace.")),
):
    add_right(_right)
