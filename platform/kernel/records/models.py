"""What a tenant says about its record types as a whole."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel.access.models import Record


class Tag(Record):
    """A word that records of every type can carry: its id stands in their `tags`."""

    class Color(models.TextChoices):
        GREY = "grey", _("Grey")
        BLUE = "blue", _("Blue")
        GREEN = "green", _("Green")
        AMBER = "amber", _("Amber")
        RED = "red", _("Red")
        VIOLET = "violet", _("Violet")

    name = models.CharField(_("name"), max_length=50)
    color = models.CharField(_("color"), max_length=6, choices=Color.choices, default=Color.GREY)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["label_key"],
                name="tag_name_unique",
                condition=models.Q(deleted_at=None),
                violation_error_message=_("There is a tag of this name."),
            )
        ]
