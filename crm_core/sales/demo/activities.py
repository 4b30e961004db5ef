"""What sellers of a demo tenant have to do and have done, around today. Made after all else from the same seed."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm_core.activities.models import Call, Meeting, Task
from crm_core.contacts.models import Contact
from crm_core.sales.demo.words import Words
from crm_core.sales.models import Deal
from kernel.lib.format import Format
from kernel.records.steps import settle, step_of
from kernel.records.types import registry

WRITE = Callable[[str, Sequence[Any]], list[Any]]
PLANNED = 0.75


class Diary:
    """`write` puts rows of a type into the database; `fmt` says which day it is for the tenant."""

    def __init__(self, words: Words, chance: random.Random, fmt: Format, write: WRITE) -> None:
        self.words, self.random, self.write = words, chance, write
        self.today, self.zone = fmt.today(), ZoneInfo(fmt.timezone)

    def run(self, count: int) -> None:
        """A next step for most open deals that have one, calls with contacts of the last weeks, a few loose tasks."""
        rows: dict[str, list[Any]] = {"tasks": [], "calls": [], "meetings": []}
        for deal in Deal.objects.alive().filter(status="open").exclude(next_step_at=None).order_by("pk"):
            if self.random.random() < PLANNED:
                slug, row = self._planned(deal)
                rows[slug].append(row)
        contacts = list(Contact.objects.alive().order_by("pk")[: count * 2])
        for _number in range(count if contacts else 0):
            rows["calls"].append(self._made(self.random.choice(contacts)))
        owners = sorted({row.owner_id for row in rows["tasks"] if row.owner_id})
        for owner in owners:
            rows["tasks"] += [self._loose(owner), self._loose(owner, done=True)]
        for slug, made in rows.items():
            for row in self.write(slug, made):
                row._state.adding = False  # COPY tells the rows nothing
            settle((None, step_of(registry[slug], row)) for row in made)

    def _planned(self, deal: Deal) -> tuple[str, Any]:
        slug = self.random.choices(("tasks", "calls", "meetings"), (5, 3, 2))[0]
        told: dict[str, Any] = {"about_type": "deals", "about_id": deal.pk, **self._of(deal)}
        if slug == "tasks":
            priority = self.random.choices(("normal", "high", "low"), (7, 2, 1))[0]
            subject = self.random.choice(self.words.tasks)
            return slug, Task(subject=subject, due_at=deal.next_step_at, priority=priority, **told)
        if slug == "calls":
            return slug, Call(subject=self.random.choice(self.words.calls), at=deal.next_step_at, **told)
        people = [f"members:{deal.owner_id}"] if deal.owner_id else []
        people += [f"contacts:{deal.contact_id}"] if deal.contact_id else []
        subject, place = self.random.choice(self.words.meetings)
        at: Any = deal.next_step_at
        return slug, Meeting(subject=subject, at=at, duration=60, place=place, participants=people, **told)

    def _made(self, contact: Contact) -> Call:
        at = self._moment(-self.random.randrange(1, 40))
        outcome = self.random.choices(("reached", "no_answer", "left_message", "busy"), (6, 2, 1, 1))[0]
        reached = outcome == "reached"
        return Call(
            about_type="contacts", about_id=contact.pk, at=at, done_at=at, outcome=outcome,
            duration=self.random.randrange(2, 25) if reached else None,
            direction=self.random.choice(("out", "out", "in")) if reached else "out",
            body=self.random.choice(self.words.notes) if reached else "", **{**self._of(contact), "created_at": at},
        )  # fmt: skip

    def _loose(self, owner: Any, *, done: bool = False) -> Task:
        """About no record: what somebody has to think of."""
        due = self._moment(-3 if done else self.random.randrange(0, 6))
        made = self._moment(-6)
        return Task(
            subject=self.random.choice(self.words.chores), due_at=due, done_at=due if done else None, owner_id=owner,
            created_by_id=owner, created_at=made,
        )  # fmt: skip

    def _moment(self, days: int) -> datetime:
        """At an office hour of that day."""
        clock = time(self.random.randrange(9, 17), self.random.choice((0, 15, 30, 45)))
        return datetime.combine(self.today + timedelta(days=days), clock, self.zone)

    def _of(self, record: Any) -> dict[str, Any]:
        ago = timedelta(days=self.random.randrange(2, 12))
        made = max(record.created_at, min(datetime.now(UTC), self._moment(0)) - ago)
        return {
            "owner_id": record.owner_id, "created_by_id": record.owner_id, "team_id": record.team_id,
            "created_at": made,
        }  # fmt: skip
