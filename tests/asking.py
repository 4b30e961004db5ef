"""Every address with every verb, as matrix.txt in tests/laws lists them, and how one is asked."""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from django.test import Client
from django.test.client import MULTIPART_CONTENT
from world import NOWHERE, undone

from kernel.api import callers

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Row:
    """`cells`: by column, the status for what is in reach and, after a slash, for what is not. `sent`: ?query, {JSON},
    a=form, or "file" with a form around a file; in it and in the route <name> stands for what the world is filled with.
    """

    route: str
    verb: str
    cells: Mapping[str, str]
    sent: str = ""


@cache
def table() -> dict[str, list[Row]]:
    """The rows of each part, which begins with == its name: its columns."""
    found: dict[str, list[Row]] = {}
    columns: list[str] = []
    part = ""
    for line in Path(__file__).with_name("laws").joinpath("matrix.txt").read_text().splitlines():
        if line.startswith("=="):
            part, _colon, names = line.strip("= ").partition(":")
            columns = names.split()
        elif line and not line.startswith("#"):
            route, verb, *rest = line.split(maxsplit=2 + len(columns))
            cells = dict(zip(columns, rest[: len(columns)], strict=True))
            row = Row("" if route == "/" else route, verb, cells, " ".join(rest[len(columns) :]))
            found.setdefault(part, []).append(row)
    return found


def without_limits(settings: Any, monkeypatch: Any) -> None:
    """As many requests in a minute, and as many wrong keys, as a walk over every address takes."""
    for name in ("API", "PAGE", "WORKSPACE"):
        setattr(settings, f"{name}_REQUESTS_PER_MINUTE", 10**6)
    monkeypatch.setattr(callers, "BAD_KEYS", replace(callers.BAD_KEYS, times=10**6))


def is_api(route: str) -> bool:
    return route.lstrip("^").startswith("api")


def filled(text: str, ids: Mapping[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda found: ids.get(found[1], NOWHERE), text)


def send(client: Client, verb: str, path: str, sent: str = "") -> Any:
    """The answer, all of it as `body`; what it wrote is taken back, and the browser's cookies are as before."""
    cookies = copy.copy(client.cookies)
    more: dict[str, Any] = {"content_type": FORM}
    if sent.startswith("?"):
        path += sent
    elif sent.startswith("file"):
        content = io.BytesIO(b"name\nRow\n")
        content.name = "a.csv"
        fields = dict(parse_qsl(sent.removeprefix("file").strip()))
        more = {"data": {"file": content, **fields}, "content_type": MULTIPART_CONTENT}
    elif verb != "GET" and (sent.startswith("{") or is_api(path[1:])):
        more = {"data": sent or "{}", "content_type": "application/json"}
    elif sent:
        more["data"] = sent
    with undone():
        answer = getattr(client, verb.lower())(path, **more) if verb != "GET" else client.get(path)
        answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    client.cookies = cookies
    return answer
