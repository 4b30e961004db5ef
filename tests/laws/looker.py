"""Mina at work: `Looker` calls a surface, and each `Answer` holds all that left for one call, and the SQL that ran."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

from kernel.access.actor import actor_for
from kernel.access.models import Member, Role
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType, registry
from kernel.runs.models import Run
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant, tenant_only
from kernel.web.bulk import bar_of

SYSTEM = ["import", "export", "bulk", "audit", "privacy", "company", "members", "roles", "keys"]


@dataclass(frozen=True)
class Answer:
    surface: str
    method: str
    path: str
    status: int
    route: str
    text: str
    sql: list[str]
    goes_to: str = ""
    pk: str = ""

    @property
    def about(self) -> str:
        """The type that was asked for."""
        found = re.match(r"/(?:r|api/v1|duplicates)/([a-z-]+)", self.path) or re.search(
            r"[?&]type=([a-z-]+)", self.path
        )
        return found[1] if found and found[1] in registry else ""

    def __str__(self) -> str:
        return f"{self.surface}: {self.method} {self.path[:90]} ({self.status})"


@dataclass
class Looker:
    """A member at work through pages and API, and everything that came back."""

    member: Any
    tenant: Any
    page: Any
    api: Any
    scene: Any
    logged: Any
    surface: str = ""
    answers: list[Answer] = field(default_factory=list)

    def get(self, path: str, *typed: str) -> Answer:
        return self._call("get", path, None, typed)

    def part(self, path: str, into: str = "") -> Answer:
        """What a page asks for to put it into itself."""
        return self._call("get", path, None, (), HTTP_HX_REQUEST="true", HTTP_HX_TARGET=into)

    def follow(self, told: Answer) -> None:
        if told.goes_to:
            self.get(told.goes_to)

    def post(self, path: str, data: Any = None, *typed: str) -> Answer:
        return self._call("post", path, data or {}, typed)

    def patch(self, path: str, data: Any, *typed: str) -> Answer:
        return self._call("patch", path, data, typed)

    def _call(self, method: str, path: str, data: Any, typed: tuple[str, ...], **asked: str) -> Answer:
        client = self.api if path.startswith("/api/") else self.page
        said: list[str] = []

        def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            said.append(spelled(sql, params))
            return execute(sql, params, many, context)

        connection = connections["default"]
        connection.force_debug_cursor = True  # else what is asked often goes past whoever listens
        with connection.execute_wrapper(listen):
            answer = getattr(client, method)(path, data, **asked)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        connection.force_debug_cursor = False
        route = answer.resolver_match.route if answer.resolver_match else ""
        headers = [f"{name}: {value}" for name, value in answer.headers.items() if name != "Content-Length"]
        text = "\n".join([*headers, readable(body)])
        for one in typed:  # what she wrote herself tells her nothing
            text = text.replace(one, "")
        told = Answer(
            self.surface, method.upper(), path, answer.status_code, route, text.lower(),
            said, answer.headers.get("Location", ""),
            answer.json().get("id", "") if method == "post" and body.startswith(b"{") else "",
        )  # fmt: skip
        self.answers.append(told)
        return told

    # -- what she may, and what she started

    def access(self, rtype: RecordType) -> Any:
        return actor_for(Member.objects.get(pk=self.member.pk), "page").access(rtype)

    def readable(self, rtype: RecordType) -> dict[str, FieldSpec]:
        with in_tenant(self.tenant):
            return dict(self.access(rtype).readable())

    def acts(self, rtype: RecordType) -> list[Any]:
        """What she may do to many records at once."""
        with in_tenant(self.tenant):
            return bar_of(self.access(rtype))

    def types(self) -> list[RecordType]:
        return [registry[slug] for slug in self.scene.records]

    def runs(self) -> list[Any]:
        return list(Run.objects.filter(member=self.member).values_list("pk", flat=True))

    def started(self, path: str, body: dict[str, Any]) -> str:
        """Where a run that the API was asked for is followed, once it is done; empty where it was refused."""
        answer = self.post(path, body)
        if answer.status != 202:
            return ""
        self.carry_out(answer.pk)
        self.get(answer.goes_to)
        return answer.goes_to

    def carried_out(self, begun: Answer, url: str = "") -> str:
        """The page of a run that a page began, once it is done."""
        url = url or begun.goes_to
        if run := re.findall(r"[0-9a-f-]{36}", url):
            self.carry_out(run[-1])
        return url

    def told(self, method: str, path: str, text: str) -> None:
        """What left by another way than an answer: a mail, a line of the log."""
        self.answers.append(Answer(self.surface, method, path, 200, "", text.lower(), []))

    def carry_out(self, run: str) -> None:
        with tenant_only(self.tenant):
            work(run)


def spelled(sql: str, params: Any) -> str:
    """A statement with its values in their places: the code of a tenant's own field is one of them."""
    if not params or isinstance(params, dict):
        return str(sql)
    return sql % tuple("'{}'".format(str(value).replace("'", "''")) for value in params)


def readable(body: bytes) -> str:
    """The text in some bytes: a workbook is an archive of them."""
    if not body.startswith(b"PK"):
        return body.decode(errors="replace")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())


def role_of(tenant: Any, member: Member, types: dict[str, Any]) -> None:
    """Have a member hold one role that says this, and nothing else."""
    with in_tenant(tenant):
        rules = {"types": types, "system": SYSTEM}
        member.roles.set(
            [Role.objects.create(name="Canary", code="canary", label="Canary", label_key="c", rules=rules)]
        )
