"""`infra/bin/bench --scale 10000,100000,1000000`: how the daily tasks grow with the records of one tenant.

Each task is asked through the whole product (routing, session or key, rights, tenancy, JSON or HTML) in this process,
beside the same question as SQL alone. What is printed is milliseconds, of the middle one and of the slowest twentieth;
exit status 1 when a budget is missed. The tenants are kept for the next time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.bench import manage, tenant_dsn

ASKED, WARMING = 40, 3
BEGIN, END = "<!-- growth -->\n", "<!-- /growth -->\n"
FIELDS = "fields=id,version,label,company,phone,email,owner,created_at"
COLUMNS = "id, version, label, company_id, phone, email, owner_id, created_at"
ALIVE = "deleted_at IS NULL"


@dataclass
class Task:
    """`asks` are turns of (what is asked of the product, the SQL beside it); `most` is the budget of the slowest
    twentieth in milliseconds, or `times` the one as a multiple of another task's middle."""

    name: str
    asks: Sequence[tuple[Callable[[], Any], Sequence[str]]]
    most: float | None = None
    times: tuple[float, str] | None = None


@dataclass
class Figure:
    ours: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return statistics.median(self.ours)

    @property
    def p95(self) -> float:
        return sorted(self.ours)[int(len(self.ours) * 0.95)]

    def __str__(self) -> str:
        return f"{_ms(self.p50)} / {_ms(self.p95)} · {_ms(statistics.median(self.raw))}"


def main(sizes: Sequence[int], *, write: bool) -> int:
    from kernel.tenancy.context import in_tenant
    from loadtests.scale_data import check, fill
    from tenants.models import Tenant
    from tenants.provisioning import provision

    manage("upgrade")
    found: dict[int, dict[str, Figure]] = {}
    problems: list[str] = []
    for size in sizes:
        name = f"scale-{size}"
        tenant = Tenant.objects.filter(subdomain=name).first()
        if tenant is None:
            tenant = provision(name, "Scale", "owner@bench.example", password="bench password", currency="USD")  # noqa: S106
        began = time.perf_counter()
        added = fill(tenant, size)
        print(f"{size:,} records; {added:,} of them made in {time.perf_counter() - began:.0f} s", flush=True)
        with in_tenant(tenant):
            check(_owner())
            tasks = _tasks(tenant)
        found[size] = {}
        for task in tasks:
            found[size][task.name] = _asked(task, tenant_dsn(tenant.schema_name))
            problems += _missed(task, found[size], size)
        found[size] |= _many(tenant)
        problems += [f"{size:,}: {name} took more than 10 s" for name in MANY if found[size][name].p50 > 10_000]
    table = _table(sizes, found)
    print(f"\n{table}\n" + "\n".join(problems))
    if write:
        _write(table)
    return int(bool(problems))


def _owner() -> Any:
    from kernel.access.actor import actor_for
    from kernel.access.models import Member

    return actor_for(Member.objects.order_by("created_at")[0], "api")


# -- asking


def _asked(task: Task, dsn: str) -> Figure:
    import psycopg

    figure = Figure()
    with psycopg.connect(dsn) as db:
        for turn in range(-WARMING, ASKED):
            ask, statements = task.asks[turn % len(task.asks)]
            took = _time(ask), _time(lambda: [db.execute(sql).fetchall() for sql in statements])  # type: ignore[call-overload]  # noqa: B023
            if turn >= 0:
                figure.ours.append(took[0])
                figure.raw.append(took[1])
    return figure


def _time(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _missed(task: Task, found: dict[str, Figure], size: int) -> Iterator[str]:
    figure = found[task.name]
    if task.most is not None and figure.p95 > task.most:
        yield f"{size:,}: {task.name}: {figure.p95:.0f} ms, more than {task.most:.0f}"
    if task.times is not None and figure.p50 > task.times[0] * found[task.times[1]].p50:
        yield f"{size:,}: {task.name}: more than {task.times[0]:.0f} times “{task.times[1]}”"


def _tasks(tenant: Any) -> list[Task]:
    """All questions about contacts, with values that rows of this tenant have."""
    from crm_core.contacts.models import Contact

    get, post = _doors(tenant)
    rows = list(Contact.objects.alive().order_by("created_at", "pk")[500 : 500 + ASKED])
    table, order = "contacts_contact", "ORDER BY label_key, id LIMIT 51"
    by_score = "ORDER BY ((custom ->> 'score')::numeric), id LIMIT 51"
    score, reference = "((custom ->> 'score')::numeric)", "(text_keys ->> 'custom.reference')"

    def listed(where: str, query: str, tail: str = order) -> tuple[Callable[[], Any], list[str]]:
        sql = f"SELECT {COLUMNS} FROM {table} WHERE {ALIVE} {where} {tail}"
        return lambda: get(f"/contacts?{FIELDS}&count=0&{query}"), [sql]

    def sought(text: str, word: str = "") -> tuple[Callable[[], Any], list[str]]:
        where = " AND ".join(f"search LIKE '%{part}%'" for part in (word or text).split())
        tables = ("contacts_contact", "contacts_company", "sales_deal")
        sql = [f"SELECT id, label FROM {name} WHERE {ALIVE} AND {where} LIMIT 20" for name in tables]
        return lambda: get("/search", q=text), sql

    def hinted(row: Any) -> tuple[Callable[[], Any], list[str]]:
        form = {"first_name": row.first_name, "last_name": row.last_name, "email": row.email, "phone": row.phone}
        one = f"SELECT {COLUMNS} FROM {table} WHERE {ALIVE} AND duplicate_keys @> ARRAY['%s']"
        return lambda: post("/r/contacts/alike", form), [" UNION ".join(one % key for key in row.duplicate_keys)]

    total = f"SELECT count(*) FROM (SELECT FROM {table} WHERE {ALIVE} LIMIT 10001) f"
    first = listed("", "")
    cursor = _cursor(get, 20)
    return [
        Task("list", [first], most=300),
        Task("list with its total", [(lambda: get(f"/contacts?{FIELDS}"), [*first[1], total])], most=300),
        Task("list, twenty pages on", [listed("", f"cursor={cursor}", f"{order} OFFSET 1000")], most=300),
        Task("filter by a built-in field", [listed(f"AND city = '{c}'", f"city={c}") for c in ("Berlin", "Oslo")]),
        Task(
            "filter by an own field",
            [listed(f"AND custom ->> 'tier' = '{tier}'", f"custom.tier={tier}") for tier in ("gold", "iron")],
            times=(2, "filter by a built-in field"),
        ),
        Task(
            "sort by an own field",
            [listed("", "sort=custom.score", by_score)],
            times=(2, "list"),
        ),
        Task(
            "filter and sort by an own field",
            [
                listed(f"AND {score} >= {least}", f"custom.score__gte={least}&sort=custom.score", by_score)
                for least in range(900_000, 990_000, 10_000)
            ],
            times=(2, "list"),
        ),
        Task(
            "find by an own text",
            [
                listed(f"AND {reference} = '{text.lower()}'", f"custom.reference={text}")
                for text in (row.custom["reference"] for row in rows)
            ],
            times=(2, "list"),
        ),
        Task("search a whole name", [sought(row.label.lower()) for row in rows], most=300),
        Task("search a common word", [sought(word) for word in ("berlin", "manager", "اصفهان")], most=300),
        Task("search a piece of a number", [sought(row.phone[-7:]) for row in rows], most=300),
        Task("search with a slip", [sought(_slip(row), row.last_name.lower()) for row in rows], most=300),
        Task("search what is not there", [sought(f"zqx{row.first_name.lower()}") for row in rows], most=300),
        Task("duplicate hint", [hinted(row) for row in rows], most=300),
    ]  # fmt: skip


def _slip(row: Any) -> str:
    """The last name with two letters in each other's place."""
    name = row.last_name.lower()
    at = next((at for at in range(1, len(name) - 1) if name[at] != name[at + 1]), 0)
    return f"{name[:at]}{name[at + 1]}{name[at]}{name[at + 2 :]}"


def _cursor(get: Callable[..., Any], pages: int) -> str:
    cursor = ""
    for _page in range(pages):
        cursor = get(f"/contacts?fields=id&count=0&cursor={cursor}")["next"]
    return cursor


def _doors(tenant: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Ways in: a key for the API, and a session for pages. Each ends the run where the answer is no success."""
    from django.conf import settings
    from django.test import Client

    from kernel.access.models import ApiKey, Member
    from kernel.accounts.models import Identity
    from kernel.accounts.sessions import SessionStore

    _key, secret = ApiKey.issue(name="scale", member=Member.objects.order_by("created_at")[0])
    host = f"{tenant.subdomain}.{settings.BASE_DOMAIN}"
    owner = Identity.objects.get(email="owner@bench.example")
    session = SessionStore()
    session.update({"identity": str(owner.pk), "tenant": str(tenant.pk), "epoch": owner.session_epoch})
    session.update({"ip": "127.0.0.1", "agent": "scale"})
    session.create()
    program, browser = Client(HTTP_HOST=host, HTTP_AUTHORIZATION=f"Bearer {secret}"), Client(HTTP_HOST=host)
    browser.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)

    def get(path: str, **query: str) -> Any:
        answer = program.get(f"/api/v1{path}", query or None)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code} {answer.content[:300]!r}")
        return answer.json()

    def post(path: str, form: dict[str, str]) -> None:
        answer = browser.post(path, form)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code} {answer.content[:300]!r}")

    return get, post


# -- many at once

MANY = ("edit 10,000", "take that back")
AT_ONCE = 10_000


def _many(tenant: Any) -> dict[str, Figure]:
    """A field of 10,000 records set to another value as a run, and taken back; each once, in milliseconds."""
    from crm_core.contacts.models import Contact
    from kernel.records.change_sets import change_set_of
    from kernel.records.selection import Selection
    from kernel.tenancy.context import in_tenant
    from kernel.transfer import bulk
    from kernel.transfer.undoing import start_undo
    from kernel.transfer.wishes import Wish

    with in_tenant(tenant):
        contacts = Contact.objects.alive().order_by("created_at", "pk")
        count = contacts.count()
        edge = contacts[min(AT_ONCE, count - 1)].created_at
        selection = Selection.read({"query": {"created_at__lt": edge.isoformat()}})
        wish = Wish(values={"city": f"City {time.time_ns()}"})
    edit, edited = _run(tenant, lambda actor: bulk.begin(actor, "contacts", selection, wish))
    undo, _undone = _run(tenant, lambda actor: start_undo(change_set_of(actor, edited)))  # type: ignore[arg-type]
    raw = _raw_many(tenant, edge)
    return {MANY[0]: Figure([edit], [raw]), MANY[1]: Figure([undo], [raw])}


def _run(tenant: Any, begin: Callable[[Any], Any]) -> tuple[float, Any]:
    """What a run took from being asked for to its end, worked on here in place of a worker; and its id."""
    from kernel.runs.models import Run
    from kernel.runs.work import work
    from kernel.tenancy.context import in_tenant, tenant_only

    began, busy = time.perf_counter(), time.process_time()
    with in_tenant(tenant):
        run = begin(_owner())
    with tenant_only(tenant):
        work(str(run.pk))
    took = (time.perf_counter() - began) * 1000
    print(
        f"{run.title}: {took / 1000:.1f} s, {time.process_time() - busy:.1f} s of them busy in this process", flush=True
    )
    with in_tenant(tenant):
        kept = Run.objects.get(pk=run.pk)
    if kept.status != "done" or not kept.done:
        raise SystemExit(f"The run ended as {kept.status}: {kept.error}")
    return took, run.pk


def _raw_many(tenant: Any, edge: Any) -> float:
    """The same rows and events in two statements, rolled back."""
    with _rolled_back(tenant_dsn(tenant.schema_name)) as db:
        began = time.perf_counter()
        db.execute(
            "UPDATE contacts_contact SET city = 'Elsewhere', search = search || ' elsewhere', version = version + 1,"
            f" updated_at = now() WHERE {ALIVE} AND created_at < %s",
            [edge],
        )
        db.execute(
            "INSERT INTO events_event (id, name, record_type, record_id, about_type, via, changes, change_set, at,"
            " salt)"
            " SELECT gen_random_uuid(), 'contact.updated', 'contacts', id, '', 'page', '{\"city\": [null, \"E\"]}',"
            f" gen_random_uuid(), now(), gen_random_uuid() FROM contacts_contact WHERE {ALIVE} AND created_at < %s",
            [edge],
        )
        return (time.perf_counter() - began) * 1000


@contextmanager
def _rolled_back(dsn: str) -> Iterator[Any]:
    import psycopg

    with psycopg.connect(dsn) as db:
        yield db
        db.rollback()


# -- telling


def _ms(value: float) -> str:
    return f"{value:,.1f}" if value < 10 else f"{value:,.0f}"


def _table(sizes: Sequence[int], found: dict[int, dict[str, Figure]]) -> str:
    lines = [
        f"| task | {' | '.join(f'{size:,} records' for size in sizes)} |",
        f"|---|{'---|' * len(sizes)}",
        *(f"| {name} | {' | '.join(str(found[size][name]) for size in sizes)} |" for name in found[sizes[0]]),
    ]
    return "\n".join(lines)


def _write(table: str) -> None:
    """Into the README, in the place of the last ones."""
    readme = Path(__file__).with_name("README.md")
    before, _begin, rest = readme.read_text().partition(BEGIN)
    _old, _end, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}{table}\n{END}{after}")
