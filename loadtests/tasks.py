"""What the benchmark asks of the product, each beside the SQL that gives the same answer and leaves the same rows."""

from __future__ import annotations

import http.client
import json
import statistics
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from loadtests.measuring import Call, api, ask


@dataclass
class Task:
    """`sql` is what the floor and the ceiling do, `call` what is asked of the product."""

    name: str
    sql: list[str]
    call: Call
    raw: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Our time over the floor's, round by round."""
        return statistics.median(floor / ours for floor, ours in zip(self.floor, self.ours, strict=True))


LIST_FIELDS = ["name", "amount", "status", "stage", "company", "owner", "created_at"]
# What the API tells of a deal in a list: its own columns, and the names of what it points to.
LISTED = (
    "d.id, d.version, d.name, d.amount, d.currency, d.status, d.created_at, "
    "d.stage_id, s.label, d.company_id, c.label, d.owner_id, o.label"
)
NAMED = (
    "JOIN sales_stage s ON s.id = d.stage_id LEFT JOIN access_member o ON o.id = d.owner_id "
    "LEFT JOIN contacts_company c ON c.id = d.company_id AND c.deleted_at IS NULL"
)
# And what it tells of one: all fields, all names and the lines. A change is answered with the same.
WHOLE = (
    f"SELECT {LISTED}, d.probability, d.opened_on, d.expected_close_on, d.closed_on, d.next_step_at, d.tags, "
    "d.custom, d.updated_at, d.contact_id, k.label, d.pipeline_id, p.label, d.lost_reason_id, l.label, d.source_id, "
    "f.label, d.team_id, t.label, d.created_by_id, b.label, (SELECT coalesce(json_agg(json_build_array(n.product_id, "
    "n.quantity, n.price, n.discount, n.total) ORDER BY n.position), '[]') FROM sales_dealline n WHERE deal_id = d.id) "
    f"FROM {{}} d {NAMED} JOIN sales_pipeline p ON p.id = d.pipeline_id "
    "LEFT JOIN contacts_contact k ON k.id = d.contact_id AND k.deleted_at IS NULL "
    "LEFT JOIN sales_lostreason l ON l.id = d.lost_reason_id LEFT JOIN contacts_leadsource f ON f.id = d.source_id "
    "LEFT JOIN access_team t ON t.id = d.team_id LEFT JOIN access_member b ON b.id = d.created_by_id"
)


def page(where: str, order: str) -> str:
    rows = f"SELECT * FROM sales_deal d WHERE {where} ORDER BY {order} LIMIT 50"
    return f"SELECT {LISTED} FROM ({rows}) d {NAMED} ORDER BY {order}"


def tasks_of(dsn: str, key: str) -> list[Task]:
    """Each with the SQL that gives the same answer and leaves the same rows, as one would write it by hand."""
    import psycopg

    with psycopg.connect(dsn) as db:
        # Whose key it is, and deals of the demo that are theirs: not what an earlier run made, without a company.
        owner = db.execute("SELECT id FROM access_member ORDER BY created_at LIMIT 1").fetchone()[0]  # type: ignore[index]
        own = f"SELECT id FROM sales_deal WHERE status = 'open' AND company_id IS NOT NULL AND owner_id = '{owner}'"
        ids = [row[0] for row in db.execute(f"{own} ORDER BY id LIMIT 200")]
        open_ones = "SELECT id FROM sales_stage WHERE kind = 'open' ORDER BY position LIMIT 2"
        stages = [row[0] for row in db.execute(open_ones)]
    one = ids[0]
    fields = "fields=" + ",".join(["id", "version", *LIST_FIELDS])
    filtered = f"deleted_at IS NULL AND status = 'open' AND owner_id = '{owner}'"
    listed = page(filtered, "d.amount DESC, d.id DESC")
    search = "deleted_at IS NULL AND search LIKE '%harbor%' AND search LIKE '%rollout%'"
    return [
        Task("get", [f"{WHOLE.format('sales_deal')} WHERE d.id = '{one}'"], api(key, "GET", f"/deals/{one}")),
        Task("list", [listed], api(key, "GET", f"/deals?status=open&owner={owner}&sort=-amount&count=0&{fields}")),
        Task(
            "list-total",
            [listed, f"SELECT count(*) FROM sales_deal WHERE {filtered}"],
            api(key, "GET", f"/deals?status=open&owner={owner}&sort=-amount&{fields}"),
        ),
        Task(
            "search",
            [page(search, "d.created_at DESC, d.id DESC")],
            api(key, "GET", f"/deals?q=harbor+rollout&count=0&{fields}"),
        ),
        Task(
            "create",
            creates(stages[0], owner),
            api(key, "POST", "/deals", {"name": "Bench deal", "amount": "1200"}),
        ),
        Task("move", moves(ids, stages), mover(key, ids, stages)),
        Task(
            "report",
            [
                "SELECT owner_id, sum(amount), count(*) FROM sales_deal "
                "WHERE deleted_at IS NULL AND status = 'won' GROUP BY owner_id ORDER BY 2 DESC"
            ],
            api(key, "GET", "/deals/aggregate?measure=sum:amount,count&group=owner&status=won"),
        ),
    ]


def dearest(dsn: str, many: int) -> dict[str, str]:
    """The question for so many deals."""
    import psycopg

    with psycopg.connect(dsn) as db:
        alive = "SELECT amount FROM sales_deal WHERE deleted_at IS NULL AND amount > 0"
        found = db.execute(f"{alive} ORDER BY amount DESC OFFSET %s LIMIT 1", [many - 1]).fetchone()
    return {"amount__gte": str(found[0]) if found else "0"}


def creates(stage: UUID, owner: UUID) -> list[str]:
    changes = {
        "name": [None, "Bench deal"], "owner": [None, str(owner)], "stage": [None, str(stage)],
        "amount": [None, "1200"], "status": [None, "open"], "pipeline": [None, str(stage)],
        "opened_on": [None, "2026-01-01"], "probability": [None, "10"],
    }  # fmt: skip
    return [
        "WITH made AS (INSERT INTO sales_deal (id, version, created_at, updated_at, label, label_key, search, "
        "text_keys, custom, tags, name, status, amount, amount_typed, currency, probability, opened_on, owner_id, "
        "created_by_id, pipeline_id, stage_id) "
        "SELECT gen_random_uuid(), 1, now(), now(), 'Bench deal', 'bench deal', 'bench deal', "
        f"'{{}}', '{{}}', '{{}}', 'Bench deal', 'open', 1200, false, 'USD', 10, CURRENT_DATE, '{owner}', '{owner}', "
        f"pipeline_id, id FROM sales_stage WHERE id = '{stage}' RETURNING *) {WHOLE.format('made')}",
        event(changes),
    ]


def moves(ids: list[UUID], stages: list[UUID]) -> list[str]:
    """One of these deals, whichever, to the other of two stages."""
    there, back = stages
    some = "{" + ",".join(map(str, ids)) + "}"
    which = f"SELECT ('{some}'::uuid[])[1 + floor(random() * {len(ids)})::int]"
    return [
        f"WITH one AS (SELECT id FROM sales_deal WHERE id = ({which}) FOR UPDATE), moved AS ("
        f"UPDATE sales_deal d SET stage_id = CASE stage_id WHEN '{there}' THEN '{back}'::uuid ELSE '{there}' END, "
        "version = version + 1, updated_at = now() FROM one WHERE d.id = one.id RETURNING d.*) "
        + WHOLE.format("moved"),
        event({"stage": [str(there), str(back)], "probability": ["10", "20"]}),
    ]


def event(changes: dict[str, Any]) -> str:
    return (
        "INSERT INTO events_event (id, name, record_type, record_id, about_type, via, changes, change_set, at, "
        "fanned_out_at, salt) VALUES (gen_random_uuid(), 'bench', 'deals', gen_random_uuid(), '', 'api', "
        f"'{json.dumps(changes)}', gen_random_uuid(), now(), now(), gen_random_uuid())"
    )


def mover(key: str, ids: list[UUID], stages: list[UUID]) -> Call:
    turns = iter(range(10_000_000))

    def call(connection: http.client.HTTPConnection) -> None:
        turn = next(turns)
        path = f"/deals/{ids[turn % len(ids)]}"
        ask(connection, key, "PATCH", path, {"stage": str(stages[turn // len(ids) % 2])})

    return call
