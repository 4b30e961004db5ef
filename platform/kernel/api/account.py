"""GET /api/v1/me: who I am here, and what I may do."""

from typing import Any

from django.http import HttpResponse

from kernel.access.actor import Access
from kernel.api.endpoint import Endpoint, reply
from kernel.records.types import registry
from kernel.tenancy.context import get_tenant

VERBS = ("view", "create", "edit", "delete")


class Me(Endpoint):
    def get(self, request: Any) -> HttpResponse:
        actor, tenant = self.actor, get_tenant()
        member = actor.member
        assert member is not None
        roles = [actor.role] if actor.role else list(member.roles.filter(deleted_at=None).order_by("label_key"))
        return reply(
            {
                "id": str(member.pk),
                "name": member.name,
                "email": member.email,
                "roles": [{"id": str(role.pk), "label": role.label, "code": role.code} for role in roles],
                "teams": [
                    {"id": str(team.pk), "label": team.label}
                    for team in member.teams.filter(deleted_at=None).order_by("label_key")
                ],
                "language": actor.format.language,
                "calendar": actor.format.calendar,
                "timezone": actor.format.timezone,
                "tenant": {
                    "name": tenant.name,
                    "subdomain": tenant.subdomain,
                    "language": tenant.language,
                    "calendar": tenant.calendar,
                    "currency": tenant.currency,
                    "money_unit": tenant.money_unit or None,
                    "timezone": tenant.timezone,
                },
                "system": sorted(actor.rules.system),
                "types": {
                    slug: rights(access)
                    for slug, rtype in registry.items()
                    if (access := actor.access(rtype)).scope("view") != "none"
                },
            }
        )


def rights(access: Access) -> dict[str, Any]:
    """How far each verb reaches, and what may be done with each field that is not hidden."""
    verbs = dict.fromkeys((*VERBS, *(verb.permission or verb.name for verb in access.rtype.verbs)))
    return {
        "verbs": {verb: access.scope(verb) for verb in verbs},
        "fields": {name: _told(access, name) for name in access.shown()},
    }


def _told(access: Access, name: str) -> str:
    """What one may do with a field, with ":own" where that is so on one's own records only."""
    everywhere, own = access.level(name)
    if access.rtype.specs()[name].read_only:
        everywhere, own = ("read" if which == "edit" else which for which in (everywhere, own))
    return everywhere if everywhere == own else f"{own}:own"
