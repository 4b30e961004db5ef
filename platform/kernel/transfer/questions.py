"""Questions about labels that no record has, as fields of a form: what is meant, create it, or leave it empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel.access.actor import Actor
from kernel.lib.format import Format
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.transfer.suggestions import every
from kernel.transfer.targets import targets
from kernel.ui.fields import Field, Option

CREATE, EMPTY = "create", "empty"
AT_ONCE = 3


@dataclass
class Question:
    """The open labels of one field. `fields` are the selects; `rest` answers all that stay unanswered."""

    name: str
    label: str
    column: str
    items: list[dict[str, Any]]
    fields: list[Field] = field(default_factory=list)
    rest: Field | None = None


def questions_of(run: Run, actor: Actor, unresolved: list[dict[str, Any]] | None = None) -> list[Question]:
    """The questions of an import, one group for each field."""
    access = actor.access(registry[run.params["type"]])
    known = targets(access)
    groups: dict[str, Question] = {}
    for item in run.state.get("unresolved", []) if unresolved is None else unresolved:
        target = known.get(item["field"])
        if target is None:
            continue
        group = groups.setdefault(item["field"], Question(item["field"], target.label, item["column"], []))
        number = len(group.items)
        group.items.append(item)
        offered = _offered(item, dict(every(access, target)))
        group.fields.append(_field(item, f"{item['field']}-{number}", offered, actor.format))
    for group in groups.values():
        if len(group.items) >= AT_ONCE:
            group.rest = _rest(group)
    return list(groups.values())


def _offered(item: Mapping[str, Any], everyone: Mapping[str, str]) -> dict[str, str]:
    """The similar ones first, then all in their own order: where all are few, only the likely ones go ahead."""
    is_all = len(item["suggestions"]) >= len(everyone) > 0
    first = {one["id"]: one["label"] for one in item["suggestions"] if one["likely"] or not is_all}
    return first | {**everyone}


def _field(item: Mapping[str, Any], name: str, offered: Mapping[str, str], fmt: Format) -> Field:
    options = [Option(f"use:{pk}", label) for pk, label in offered.items()]
    if item["can_create"]:
        options += _creating(item, _("Create “%(label)s”") % {"label": item["value"]})
    options.append(Option(EMPTY, _("Leave empty")))
    rows = ngettext("%(count)s row", "%(count)s rows", item["rows"]) % {"count": fmt.number(item["rows"])}
    several = _("Several records have this name.") if item["reason"] == "ambiguous" else ""
    likely = next((one["label"] for one in item["suggestions"] if one["likely"]), "")
    empty = _("Did you mean “%(label)s”? Choose…") % {"label": likely} if likely else _("Choose…")
    return Field(
        name, item["value"], "select", "", help=f"{rows} · {several}" if several else rows, options=options, empty=empty
    )


def _creating(item: Mapping[str, Any], words: str) -> list[Option]:
    """Once, or once for each of several things that it may belong to: a stage for each pipeline."""
    if len(places := item.get("within", [])) < 2:
        return [Option(CREATE, words)]
    inside = _("%(create)s in %(place)s")
    return [Option(f"{CREATE}:{one['id']}", inside % {"create": words, "place": one["label"]}) for one in places]


def _rest(group: Question) -> Field:
    options = [Option(EMPTY, _("Leave them empty"))]
    if all(item["can_create"] for item in group.items):
        options[:0] = _creating(group.items[0], _("Create them all"))
    return Field(
        f"{group.name}-rest", _("All that I do not answer here"), "select", "", options=options, empty=_("Ask me")
    )


def read_answers(posted: Mapping[str, Any], questions: list[Question]) -> list[dict[str, Any]]:
    """What was chosen, as `answering.answer` takes it."""
    answers: list[dict[str, Any]] = []
    for group in questions:
        for item, asked in zip(group.items, group.fields, strict=True):
            action, _sep, pk = str(posted.get(asked.name, "")).partition(":")
            if action:
                answers.append({"field": group.name, "value": item["value"], "action": action, "id": pk})
        rest = posted.get(f"{group.name}-rest", "")
        if group.rest and rest:
            action, _sep, pk = str(rest).partition(":")
            answers.append({"field": group.name, "action": action, "id": pk})
    return answers
