"""What a tenant says about its record types as a whole."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kernel.access.models import Member, Record, Role, Team
from kernel.lib.ids import uuid7


class Comparable(Record):
    """A record of a type with duplicates; the array is what it is compared by (kernel.records.duplicates)."""

    duplicate_keys = ArrayField(models.TextField(), default=list, editable=False)

    class Meta(Record.Meta):
        abstract = True
        indexes = [
            *Record.Meta.indexes,
            GinIndex(fields=["duplicate_keys"], name="%(class)s_alike", condition=Q(deleted_at=None)),
        ]


class DuplicateRule(models.Model):
    """What becomes of a new record of a type that is like another one, by the door it comes through."""

    class Action(models.TextChoices):
        ALLOW = "allow", _("Let it pass")
        WARN = "warn", _("Warn")
        BLOCK = "block", _("Refuse")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_type = models.CharField(max_length=50, unique=True)
    form = models.CharField(max_length=5, choices=Action.choices, default=Action.WARN)
    api = models.CharField(max_length=5, choices=Action.choices, default=Action.WARN)
    imports = models.CharField(max_length=5, choices=Action.choices, default=Action.WARN)
    tells_unseen = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.record_type


class DuplicateKeys(models.Model):
    """By which code the records of a type were given what they are compared by, and how far another one has come."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_type = models.CharField(max_length=50, unique=True)
    digest = models.CharField(max_length=64, blank=True)
    towards = models.CharField(max_length=64, blank=True)
    after = models.UUIDField(null=True)

    def __str__(self) -> str:
        return self.record_type


class Redirect(models.Model):
    """A record that went into another one, by which change set: kernel.records.merge."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_type = models.CharField(max_length=50)
    old = models.UUIDField()
    new = models.UUIDField()
    change_set = models.UUIDField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["old"], name="redirect_once")]
        indexes = [models.Index(fields=["new"], name="redirect_new")]

    def __str__(self) -> str:
        return f"{self.record_type}: {self.old} {self.new}"


class LegalHold(models.Model):
    """Nothing of a record, nor of what hangs on it, may be destroyed until somebody lifts this or its last day is over:
    kernel.records.legal_holds."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    reason = models.CharField(max_length=300)
    until = models.DateField(null=True)
    member = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record_id"], name="legal_hold_once")]

    def __str__(self) -> str:
        return f"{self.record_type}: {self.record_id}"


class DuplicateDismissal(models.Model):
    """Somebody looked at two records and said that they are not the same. `one` is the smaller id."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_type = models.CharField(max_length=50)
    one = models.UUIDField()
    other = models.UUIDField()
    member = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="dismissal_once")]

    def __str__(self) -> str:
        return f"{self.record_type}: {self.one} {self.other}"


class KnownWord(models.Model):
    """A word that stands or stood in some record, folded: kernel.records.vocabulary."""

    id = models.BigAutoField(primary_key=True)
    word = models.CharField(max_length=30)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["word"], name="known_word_once")]

    def __str__(self) -> str:
        return self.word


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


class CustomField(Record):
    """A field that the tenant gave to one of its record types. Its values lie in `custom` of the records.

    In the trash it is archived: it shows nowhere, and the values stay where they are.
    """

    slug = "custom-fields"

    record_type = models.CharField(_("record type"), max_length=50)
    code = models.CharField(_("code"), max_length=40, blank=True)
    name = models.CharField(_("name"), max_length=80)
    other_name = models.CharField(_("name in the other language"), max_length=80, blank=True)
    language = models.CharField(max_length=2, blank=True, editable=False)
    kind = models.CharField(_("kind"), max_length=20)
    help = models.CharField(_("help text"), max_length=300, blank=True)
    required = models.BooleanField(_("must be filled in"), default=False)
    unique = models.BooleanField(_("no two the same"), default=False)
    searchable = models.BooleanField(_("found by search"), default=False)
    sensitive = models.BooleanField(
        _("reading is recorded"), default=False, help_text=_("Whoever sees a value of it stands in the audit log.")
    )
    default = models.JSONField(_("starts as"), null=True, blank=True)
    choices = models.JSONField(_("choices"), default=list, blank=True)
    related = models.CharField(_("points at"), max_length=50, blank=True)
    places = models.PositiveSmallIntegerField(_("decimals"), null=True, blank=True)
    max_length = models.PositiveSmallIntegerField(_("longest"), null=True, blank=True)
    panel = models.CharField(_("group on the page"), max_length=80, blank=True)
    in_list = models.BooleanField(_("column of lists"), default=False)
    on_card = models.BooleanField(_("on cards of boards"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    # What became of the index over its values: "", "wanted", "ready", or "failed" with the reason.
    index_state = models.CharField(max_length=10, blank=True, default="", editable=False)
    index_problem = models.TextField(blank=True, default="", editable=False)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["record_type", "code"],
                name="custom_field_code_unique",
                violation_error_message=_("There is a field of this code."),
            )
        ]


class SavedView(models.Model):
    """A list that somebody put together and gave a name: see kernel.records.views.

    `params` are those of a list's address: filters, sort, columns, group, layout. They are a question and no right:
    each viewer gets their own answer.
    """

    class Audience(models.TextChoices):
        ME = "me", _("Only me")
        TEAM = "team", _("My team")
        EVERYONE = "everyone", _("Everyone")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_type = models.CharField(max_length=50)
    name = models.CharField(_("name"), max_length=60)
    icon = models.CharField(_("icon"), max_length=40, blank=True)
    owner = models.ForeignKey(Member, models.CASCADE, related_name="+")
    audience = models.CharField(_("who sees it"), max_length=8, choices=Audience.choices, default=Audience.ME)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    params = models.JSONField(default=dict)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["record_type", "position"], name="saved_view_type", condition=Q(deleted_at=None))
        ]

    def __str__(self) -> str:
        return self.name


class ViewMark(models.Model):
    """What one member made of a view: a favourite in the sidebar, the view a list opens with, a place among the tabs.

    `code` names a view that comes with the type; a saved one is in `view`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    record_type = models.CharField(max_length=50)
    code = models.CharField(max_length=40, blank=True)
    view = models.ForeignKey(SavedView, models.CASCADE, null=True, blank=True, related_name="marks")
    is_favourite = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "record_type", "code", "view"], name="view_mark_unique", nulls_distinct=False
            )
        ]


class RoleView(models.Model):
    """The view that a type's list opens with for whoever has a role, unless they chose one themselves."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    role = models.ForeignKey(Role, models.CASCADE, related_name="+")
    record_type = models.CharField(max_length=50)
    code = models.CharField(max_length=40, blank=True)
    view = models.ForeignKey(SavedView, models.CASCADE, null=True, blank=True, related_name="role_defaults")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "record_type"], name="role_view_unique")]
