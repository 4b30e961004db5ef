"""Keeping a contact's list of numbers and addresses, and the primary ones on the contact itself, in step."""

from typing import Any

from django.core.exceptions import ValidationError

from crm_core.contacts.models import Contact, ContactPoint
from kernel.access.actor import Actor
from kernel.lib.emails import parse_email
from kernel.lib.errors import ParseError
from kernel.lib.phones import parse_phone
from kernel.records.specs import FieldSpec

Point = dict[str, Any]
KINDS = (ContactPoint.Kind.PHONE, ContactPoint.Kind.EMAIL)


def sync_points(contact: Contact, spec: FieldSpec, actor: Actor, changed: set[str]) -> None:
    """After `contact_points`, `phone` or `email` was given: whichever was, the other follows."""
    if "contact_points" in changed:
        points = [_normal(point, actor) for point in spec.value(contact)]
    elif changed & {"phone", "email"}:
        points = [dict(point) for point in spec.value(contact)]
    else:
        return
    for kind in KINDS:
        if kind in changed:
            points = _with_primary(points, kind, getattr(contact, kind))
        _choose_primary(points, kind)
        primary = next((p["value"] for p in points if p["kind"] == kind and p["primary"]), "")
        setattr(contact, kind, primary)
    spec.assign(contact, points)


def _normal(point: Point, actor: Actor) -> Point:
    """In its exact form: numbers in E.164. A number that changed is no longer a verified one."""
    parse = parse_email if point["kind"] == ContactPoint.Kind.EMAIL else None
    try:
        value = parse(point["value"]) if parse else parse_phone(point["value"], actor.format.region)
    except ParseError as error:
        raise ValidationError({"contact_points": ValidationError(error.message, code=error.code)}) from error
    return {**point, "value": value, "primary": bool(point.get("primary"))}


def _with_primary(points: list[Point], kind: str, value: str) -> list[Point]:
    others = [point for point in points if point["kind"] != kind or not point["primary"]]
    others = [point for point in others if point["kind"] != kind or point["value"] != value]
    if not value:
        return others
    known = next((point for point in points if point["kind"] == kind and point["value"] == value), {})
    new = {"kind": kind, "value": value, "label": "", "verified_at": None, **known, "primary": True}
    return [new, *others]


def _choose_primary(points: list[Point], kind: str) -> None:
    """Exactly one of a kind is primary: the one marked last stays, else the first."""
    mine = [point for point in points if point["kind"] == kind]
    marked = [point for point in mine if point["primary"]]
    for point in mine:
        point["primary"] = point is (marked[-1] if marked else mine[0])
