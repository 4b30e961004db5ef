"""Mentions in texts: a token that names a member by id, shown as "@" and the name they have now."""

import re
from collections.abc import Mapping
from uuid import UUID

TOKEN = re.compile(r"@\[([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\]")


def token(member: UUID) -> str:
    return f"@[{member}]"


def mentioned(text: str | None) -> set[UUID]:
    """The members a text names."""
    return {UUID(found) for found in TOKEN.findall(text)} if text and "@[" in text else set()


def named(text: str, names: Mapping[UUID, str], unknown: str) -> str:
    """The text with names; `unknown` stands for members that the reader may not see."""
    return TOKEN.sub(lambda match: f"@{names.get(UUID(match[1])) or unknown}", text)


def without(text: str) -> str:
    """The text without its mentions: for what is kept of it where names may change, or not be known to everybody."""
    return TOKEN.sub("", text) if "@[" in text else text
