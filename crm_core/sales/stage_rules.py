"""What must stay true of pipelines and their stages, so that every deal has a place to go."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.translation import gettext as _

from crm_core.sales.models import Deal, Pipeline, Stage
from kernel.lib.text import fold
from kernel.records.people import one_at_a_time

# A function each, so that translators see whole sentences.
NEEDED: Mapping[str, Any] = {
    Stage.Kind.OPEN: lambda: _("A pipeline needs at least one open stage."),
    Stage.Kind.WON: lambda: _("A pipeline needs at least one stage for won deals."),
    Stage.Kind.LOST: lambda: _("A pipeline needs at least one stage for lost deals."),
}


# What a stage's name says of its deals, in both languages.
SAYS = {
    Stage.Kind.WON: {"won", "win", "موفق", "برنده", "برده"},
    Stage.Kind.LOST: {"lost", "loss", "ناموفق", "باخته", "باخت"},
}


def kind_of_name(name: str) -> str:
    """ "Closed Won" closes a deal; any other name is a step on the way."""
    words = set(fold(name).split())
    return next((kind for kind, said in SAYS.items() if words & {fold(word) for word in said}), Stage.Kind.OPEN)


def line_up(stage: Stage, changed: set[str]) -> None:
    """A new stage of which only the name is known goes behind the last of its kind, as likely as that one."""
    if not stage.is_new or "position" in changed or not stage.pipeline_id:
        return
    siblings = Stage.objects.alive().filter(pipeline=stage.pipeline_id)
    last = siblings.filter(kind=stage.kind).order_by("-position", "-pk").first()
    # The same place: among equals the one made later stands behind.
    stage.position = last.position if last else (siblings.aggregate(last=Max("position"))["last"] or 0) + 1
    if "probability" not in changed:
        stage.probability = {Stage.Kind.WON: Decimal(100), Stage.Kind.LOST: Decimal(0)}.get(
            Stage.Kind(stage.kind), last.probability if last else Decimal(0)
        )


def check_pipeline(pipeline: Pipeline) -> None:
    if pipeline.deleted_at is None or pipeline.is_new:
        return
    one_at_a_time()
    if not Pipeline.objects.alive().exclude(pk=pipeline.pk).exists():
        raise ValidationError(_("This is the only pipeline. Add another one before you delete it."), code="last")
    if Deal.objects.alive().filter(pipeline=pipeline).exists():
        raise ValidationError(_("There are deals in this pipeline. Move them to another one first."), code="in_use")


def check_stage(stage: Stage, changed: set[str]) -> None:
    """A stage that deals stand on keeps its meaning, and a pipeline keeps one stage of each kind."""
    if stage.is_new:
        return
    is_gone = stage.deleted_at is not None
    if not is_gone and not changed & {"kind", "pipeline"}:
        return
    one_at_a_time()
    before = Stage.objects.alive().filter(pk=stage.pk).only("kind", "pipeline_id").first()
    if before is None or (not is_gone and (before.kind, before.pipeline_id) == (stage.kind, stage.pipeline_id)):
        return
    field = "__all__" if is_gone else "kind" if before.kind != stage.kind else "pipeline"
    siblings = Stage.objects.alive().filter(pipeline=before.pipeline_id, kind=before.kind).exclude(pk=stage.pk)
    if not siblings.exists():
        raise ValidationError({field: ValidationError(NEEDED[before.kind](), code="last")})
    if Deal.objects.alive().filter(stage=stage.pk).exists():
        problem = _("There are deals on this stage. Move them to another one first.")
        raise ValidationError({field: ValidationError(problem, code="in_use")})
