"""What a person answers to labels that an import could not find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor
from kernel.lib.text import sort_key
from kernel.records.kinds.relations import read_id
from kernel.records.types import registry
from kernel.runs import work
from kernel.runs.models import Run
from kernel.transfer.lookups import holders, may_create
from kernel.transfer.models import KnownLabel
from kernel.transfer.targets import Target, targets


def answer(run: Run, actor: Actor, answers: Any) -> None:
    """Answers to unresolved labels, remembered for the next file. The import goes on once none is left.

    [{"field", "value", "action": "use" | "create" | "empty", "id", "within"}]; without "value" for all of the field.
    """
    if run.status != Run.Status.WAITING or not run.state.get("unresolved"):
        raise ValidationError(_("This import is not waiting for answers."), code="not_waiting")
    if not isinstance(answers, list) or not answers or not all(isinstance(item, Mapping) for item in answers):
        problem = _('Send a list of {"field", "value", "action", "id"}.')
        raise ValidationError({"answers": ValidationError(problem, code="type")})
    access = actor.access(registry[run.params["type"]])
    known, open_labels = targets(access), {item["field"]: item for item in run.state["unresolved"]}
    given: dict[str, dict[str, Any]] = run.params["answers"]
    for item in answers:
        name = str(item.get("field") or _field_of_column(run, item.get("column")))
        if name not in open_labels or name not in known:
            raise _bad(_("Nothing is open in the field “%(field)s”.") % {"field": name})
        key = sort_key(str(item["value"])) if item.get("value") is not None else "*"
        given.setdefault(name, {})[key] = _read_answer(access, known[name], item, key)
    run.state["unresolved"] = [
        item
        for item in run.state["unresolved"]
        if not given.get(item["field"], {}).keys() & {sort_key(item["value"]), "*"}
    ]
    _remember_answers(access.rtype.slug, given)
    run.save(update_fields=["params", "state"])
    if not run.state["unresolved"]:
        work.resume(run)


def _field_of_column(run: Run, column: Any) -> str:
    return next((item["field"] for item in run.state["unresolved"] if item["column"] == column), "")


def _read_answer(access: Access, target: Target, item: Mapping[str, Any], key: str) -> dict[str, Any]:
    action = item.get("action") or ("use" if item.get("id") else "")
    if action == "empty":
        return {"value": ""}
    if action == "create":
        if not may_create(access, target):
            raise _bad(_("“%(field)s” cannot be created from its name alone, or not by you.") % {"field": target.label})
        within = str(item.get("within") or item.get("id") or "")
        if within and within not in {str(pk) for pk, _label in holders(access, target)}:
            raise _bad(_("There is no such record."))
        return {"create": True, "within": within}
    if action != "use" or key == "*":
        raise _bad(_("Choose a record, have one created, or leave the field empty."))
    value = str(item.get("id") or "")
    if target.spec.choices:
        is_there = value in dict(target.spec.choices)
    else:
        is_there = bool(read_id(value)) and access.related(target.spec).filter(pk=value).exists()
    if not is_there:
        raise _bad(_("There is no such record."))
    return {"value": value}


def _remember_answers(slug: str, given: Mapping[str, Mapping[str, Any]]) -> None:
    KnownLabel.objects.bulk_create(
        [
            KnownLabel(slug=slug, field=name, label_key=key[:600], value=answer["value"])
            for name, answers in given.items()
            for key, answer in answers.items()
            if key != "*" and "value" in answer
        ],
        update_conflicts=True,
        unique_fields=["slug", "field", "label_key"],
        update_fields=["value"],
    )


def _bad(sentence: str) -> ValidationError:
    return ValidationError({"answers": ValidationError(sentence, code="invalid")})
