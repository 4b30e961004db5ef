"""What a person's consents come to: what they last said, and no where two records of one person disagree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from crm_core.contacts.models import Consent, ConsentPurpose

GIVEN, WITHDRAWN = Consent.State.GIVEN, Consent.State.WITHDRAWN


def standing(rows: Iterable[Consent]) -> Consent | None:
    """The consent that decides, of those of one person to one purpose on one channel.

    A record speaks by its latest. One that came along from another record (a duplicate, the lead they were) and says no
    is heard until the person says yes again on the record that stays, later than that.
    """
    latest: dict[UUID | None, Consent] = {}
    for row in sorted(rows, key=lambda row: (row.at, row.created_at, row.pk)):
        latest[row.subject] = row
    if not latest:
        return None
    here = next((row for row in latest.values() if row.subject == row.about_id), None)
    no = [row for row in latest.values() if row.state == WITHDRAWN]
    if here is not None and here.state == GIVEN:
        no = [row for row in no if row.moved_at is None or here.created_at < row.moved_at]
        return no[-1] if no else here
    return no[-1] if no else max(latest.values(), key=lambda row: (row.at, row.created_at))


def standings(person: UUID) -> list[Consent]:
    """What decides, for each purpose and channel that the person ever said something about."""
    found: dict[tuple[UUID, str], list[Consent]] = defaultdict(list)
    for row in Consent.objects.alive().filter(about_id=person).select_related("purpose"):
        found[row.purpose_id, row.channel].append(row)
    decided = filter(None, map(standing, found.values()))
    return sorted(decided, key=lambda row: (row.purpose.label_key, row.channel))


def may_reach(people: Iterable[UUID], purpose: ConsentPurpose, channel: str) -> set[UUID]:
    """Those of these people who agree by now to be written to for this purpose on this channel. Silence is no."""
    found: dict[UUID, list[Consent]] = defaultdict(list)
    for row in Consent.objects.alive().filter(about_id__in=list(people), purpose=purpose, channel=channel):
        found[row.about_id].append(row)
    decided = {pk: standing(rows) for pk, rows in found.items()}
    return {pk for pk, row in decided.items() if row and row.state == GIVEN}
