"""Questions, headers and bodies that nobody would send: whatever comes, no answer is a failure of ours."""

from __future__ import annotations

import base64
import json
from copy import copy
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from asking import without_limits
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from world import NOWHERE, fill, undone

from kernel.records.types import registry

ODD = ["", "\x00", "\ud800", "null", "-1", "1e999", "9" * 40, "%", "'", "[]", "{}", "..", "٣", "\u202e", "a" * 5000]
words = st.one_of(st.sampled_from(ODD), st.text(max_size=12), st.integers().map(str))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=5,
)
NAMES = sorted({name for slug in ("deals", "contacts", "tasks") for name in registry[slug].specs()})
fields = st.sampled_from([*NAMES, "custom.own_text", "id", "version", "nonsense", "company.name"])
lookups = st.sampled_from(["", "in", "not", "gte", "lt", "between", "empty", "has", "contains", "within", "starts"])
leaves = st.fixed_dictionaries({"field": st.one_of(fields, values), "op": st.one_of(lookups, values), "value": values})
filters = st.recursive(
    leaves, lambda inner: st.one_of(*(st.builds(lambda k, v: {k: v}, st.just(key), st.lists(inner, max_size=3))
                                      for key in ("and", "or"))), max_leaves=4
)  # fmt: skip
cursors = st.tuples(fields, values, st.one_of(words, st.just(NOWHERE))).map(
    lambda parts: base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
)
answers = st.one_of(words, values.map(json.dumps), filters.map(json.dumps), cursors, fields)
questions = st.dictionaries(
    st.one_of(
        st.sampled_from([
            "q", "sort", "cursor", "limit", "count", "fields", "columns", "group", "groups", "view", "base", "filter",
            "measure", "page", "after", "before", "type", "at", "about", "calendar", "layout", "kind", "show", "field",
            "person", "record", "verb", "a", "b", "period", "from", "to", "by", "report", "next", "lang",
        ]),
        st.builds(lambda name, lookup: f"{name}__{lookup}" if lookup else name, fields, lookups),
    ),
    answers,
    min_size=1,
    max_size=3,
)  # fmt: skip
# One in three goes on from a page that there is not, one asks by a tree of filters.
asked_for = st.one_of(
    questions,
    st.fixed_dictionaries({"cursor": st.one_of(words, cursors)}),
    st.fixed_dictionaries({"filter": filters.map(json.dumps)}),
)
ASKED = (
    "/api/v1/deals", "/api/v1/contacts", "/api/v1/deals/aggregate", "/api/v1/deals/<deal>/timeline", "/api/v1/search",
    "/api/v1/views", "/api/v1/exports", "/api/v1/notifications", "/r/deals", "/r/contacts", "/r/deals/<deal>",
    "/r/deals/figures", "/r/deals/group", "/r/deals/options", "/r/deals/filters/build", "/r/deals/column/<own_stage>",
    "/r/deals/views/new", "/r/tasks/pick/about", "/r/deals/<deal>/timeline", "/r/deals/<deal>/place", "/r/deals/new",
    "/search", "/palette", "/trash", "/tasks", "/notifications", "/reports", "/duplicates/companies", "/imports",
    "/settings/members", "/settings/roles/why", "/settings/roles/compare", "/settings/fields",
)  # fmt: skip
POSTED = (
    "/api/v1/deals", "/api/v1/contacts", "/api/v1/deals/batch", "/api/v1/deals/bulk", "/api/v1/deals/<deal>/win",
    "/api/v1/companies/<company>/merge", "/api/v1/views", "/api/v1/exports", "/api/v1/report-runs", "/api/v1/undos",
    "/api/v1/roles", "/api/v1/custom-fields", "/f/<address>",
)  # fmt: skip
SENT = (
    "/api/v1/imports", "/api/v1/files", "/api/v1/files/<file>/versions", "/imports/new", "/imports/<import>/columns",
    "/r/deals/new", "/r/deals/<deal>/edit", "/r/deals/<deal>/cell/amount", "/r/deals/move", "/r/deals/bulk", "/uploads",
    "/r/deals/<deal>/access", "/r/notes/compose", "/settings/roles/<role>/types/deals", "/f/<address>",
)  # fmt: skip
HEADERS = (
    "HTTP_IF_MATCH", "HTTP_IDEMPOTENCY_KEY", "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_AUTHORIZATION", "HTTP_COOKIE",
    "HTTP_REFERER", "HTTP_ORIGIN", "HTTP_HX_REQUEST", "HTTP_HX_TARGET", "HTTP_HX_CURRENT_URL", "HTTP_X_REQUEST_ID",
    "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_USER_AGENT", "HTTP_HOST", "CONTENT_TYPE", "HTTP_RANGE",
    "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH", "HTTP_ACCEPT_ENCODING", "HTTP_X_CSRFTOKEN",
)  # fmt: skip


def quickly(examples: int) -> Any:
    """The same few each time."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class Sender:
    """Asks as an administrator, who gets furthest; whatever was written is taken back."""

    def __init__(self, page: Any, api: Any, ids: dict[str, str]) -> None:
        self.page, self.api, self.ids = page, api, ids

    def send(
        self, method: str, path: str, body: bytes = b"", content_type: str = "", query: str = "", **more: str
    ) -> None:
        for name, value in self.ids.items():
            path = path.replace(f"<{name}>", value)
        client = self.api if path.startswith("/api") else self.page
        cookies = copy(client.cookies)
        with undone():
            answer = client.generic(method, path, body, content_type, QUERY_STRING=query, **more)
            if answer.streaming:
                list(answer.streaming_content)
        client.cookies = cookies
        assert answer.status_code < 500, (method, path, query, body[:400], more)


@pytest.fixture
def sender(tenant_a: Any, client_for: Any, api_for: Any, settings: Any, monkeypatch: Any) -> Sender:
    without_limits(settings, monkeypatch)
    settings.ALLOWED_HOSTS = ["*"]
    ids = fill(tenant_a, "Near", "sara")
    clients = (make("sara", raise_request_exception=False) for make in (client_for, api_for))
    return Sender(*clients, ids)


def test_no_question_is_a_failure(sender: Sender) -> None:
    @quickly(80)
    @given(path=st.sampled_from(ASKED), asked=asked_for)
    def ask(path: str, asked: dict[str, str]) -> None:
        query = "&".join(f"{quote_from_bytes(raw(name))}={quote_from_bytes(raw(text))}" for name, text in asked.items())
        sender.send("GET", path, query=query)

    ask()


def test_no_header_is_a_failure(sender: Sender) -> None:
    paths = st.sampled_from([("GET", path) for path in ASKED] + [("POST", path) for path in (*POSTED, *SENT)])
    texts = words.map(lambda text: raw(text).decode("latin-1").translate({0: None, 10: None, 13: None}))

    @quickly(60)
    @given(path=paths, headers=st.dictionaries(st.sampled_from(HEADERS), texts, min_size=1, max_size=4))
    def ask(path: tuple[str, str], headers: dict[str, str]) -> None:
        sender.send(*path, b"{}", **headers)

    ask()


def test_no_json_is_a_failure(sender: Sender) -> None:
    known = st.one_of(
        fields,
        st.sampled_from(["operations", "ids", "set", "tags", "verb", "delete", "query", "others", "values", "params"]),
        st.sampled_from(["type", "name", "version", "custom", "rules", "kind", "record_type", "choices", "code"]),
    )
    bodies = st.one_of(
        st.dictionaries(known, values, max_size=5).map(lambda body: raw(json.dumps(body))),
        values.map(lambda body: raw(json.dumps(body))),
        st.binary(max_size=30),
        st.just(b"[" * 50_000),
    )

    asked = st.sampled_from([("PATCH", "/api/v1/deals/<deal>"), *(("POST", path) for path in POSTED)])

    @quickly(80)
    @given(asked=asked, body=bodies)
    def ask(asked: tuple[str, str], body: bytes) -> None:
        sender.send(*asked, body, "application/json")

    ask()


def test_no_multipart_body_is_a_failure(sender: Sender) -> None:
    boundaries = st.sampled_from([b"x", b"", b"a" * 300, b"\xff"])
    names = st.one_of(
        st.sampled_from(["file", "type", "about", "mapping", "options", "name", "amount", "to", "ids"]), words
    )
    parts = st.lists(
        st.tuples(names, st.one_of(st.none(), words), st.one_of(answers.map(raw), st.binary(max_size=40))), max_size=4
    )
    ends = st.sampled_from([b"--\r\n", b"", b"-"])

    @quickly(60)
    @given(path=st.sampled_from(SENT), boundary=boundaries, parts=parts, end=ends)
    def ask(path: str, boundary: bytes, parts: list[Any], end: bytes) -> None:
        body = b""
        for name, filename, content in parts:
            shown = b'; filename="%s"' % raw(filename) if filename is not None else b""
            body += b'--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (
                boundary, raw(name), shown, content,
            )  # fmt: skip
        body += b"--" + boundary + end
        sender.send("POST", path, body, f"multipart/form-data; boundary={boundary.decode('latin-1')}")

    ask()
