"""Who works here (members, teams, roles, keys) and `Record`, the row that access rules over."""

import hashlib
import secrets
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kernel.access.rules import check_rules
from kernel.accounts.sealing import SealedField
from kernel.lib.ids import uuid7


class RecordQuerySet(models.QuerySet):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def deleted(self) -> Self:
        return self.exclude(deleted_at=None)


class Record(models.Model):
    """A row of any record type.

    `label`, `label_key`, `search` and `text_keys` are derived by the engine on every write (kernel.records.change),
    computed in Python so that every server sorts and finds alike: `label_key` sorts and matches labels, `text_keys`
    holds the same key for each other text field, `search` the folded text that `q` looks through. `custom` holds the
    values of the tenant's own fields, `tags` the ids of its tags: an array in the row where a table of pairs would
    cost a query for each page of any type.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        "access.Member",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        verbose_name=_("created by"),
    )
    owner = models.ForeignKey(
        "access.Member",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("owner"),
    )
    team = models.ForeignKey(
        "access.Team", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("team")
    )
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    label = models.CharField(max_length=300, editable=False, default="")
    label_key = models.CharField(max_length=600, editable=False, default="")
    search = models.TextField(editable=False, default="")
    text_keys = models.JSONField(editable=False, default=dict)
    custom = models.JSONField(editable=False, default=dict)
    tags = ArrayField(models.UUIDField(), default=list, blank=True, verbose_name=_("tags"))

    objects = RecordQuerySet.as_manager()

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["label_key", "id"], name="%(class)s_label", condition=Q(deleted_at=None)),
            models.Index(fields=["created_at", "id"], name="%(class)s_created", condition=Q(deleted_at=None)),
            # Somebody's own, the newest first, is what most people look at: without these columns all of it is sorted.
            models.Index(fields=["owner", "created_at", "id"], name="%(class)s_owner"),
            GinIndex(fields=["search"], opclasses=["gin_trgm_ops"], name="%(class)s_search"),
            GinIndex(fields=["tags"], name="%(class)s_tags"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_new(self) -> bool:
        return self._state.adding


class Role(Record):
    code = models.SlugField(_("code"), max_length=50, db_index=False)
    name = models.CharField(_("name"), max_length=100)
    rules = models.JSONField(default=dict, validators=[check_rules])

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["code"], name="role_code_unique", violation_error_message=_("Another role has this code.")
            )
        ]


class Team(Record):
    name = models.CharField(_("name"), max_length=100)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent team")
    )
    lead = models.ForeignKey(
        "access.Member", models.SET_NULL, null=True, blank=True, related_name="leads", verbose_name=_("team lead")
    )


class Member(Record):
    """A person of this tenant. Without an identity there is no sign-in: the person only owns records."""

    by_provider: int  # whether they must sign in by the provider, where it was read along (BY_PROVIDER)

    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("email"), max_length=254, blank=True)
    identity = models.UUIDField(null=True, blank=True, editable=False)
    roles = models.ManyToManyField(Role, blank=True, related_name="members", verbose_name=_("roles"))
    teams = models.ManyToManyField(Team, blank=True, related_name="members", verbose_name=_("teams"))
    manager = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="reports", verbose_name=_("manager")
    )
    active = models.BooleanField(_("active"), default=True)
    language = models.CharField(max_length=2, blank=True, choices=[("en", "English"), ("fa", "فارسی")])
    calendar = models.CharField(
        max_length=9, blank=True, choices=[("gregorian", _("Gregorian")), ("jalali", _("Jalali"))]
    )
    timezone = models.CharField(max_length=64, blank=True)
    shortcuts = models.BooleanField(default=True)
    theme = models.CharField(max_length=6, blank=True, choices=[("light", _("Light")), ("dark", _("Dark"))])

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                name="member_email_unique",
                condition=~Q(email="") & Q(deleted_at=None),
                violation_error_message=_("Another member has this email address."),
            ),
            models.UniqueConstraint(fields=["identity"], name="member_identity_unique"),
        ]


class ShareQuerySet(models.QuerySet):
    def lasting(self) -> Self:
        return self.filter(Q(until=None) | Q(until__gt=timezone.now()))

    def of(self, member: Member) -> Self:
        """With this member, or a team that they are in or lead."""
        teams = Team.objects.alive().filter(Q(members=member) | Q(lead=member))
        return self.filter(Q(member=member) | Q(team__in=teams))


class Share(models.Model):
    """One record opened to one person or team beyond the reach of their roles, until a moment or for good."""

    class Level(models.TextChoices):
        VIEW = "view", _("May see it")
        EDIT = "edit", _("May change it")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    member = models.ForeignKey(Member, models.CASCADE, null=True, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="+")
    level = models.CharField(max_length=4, choices=Level.choices)
    until = models.DateTimeField(null=True)
    created_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ShareQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record_type", "record_id", "member", "team"], name="share_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(member=None, team__isnull=False) | Q(member__isnull=False, team=None), name="share_with_one"
            ),
        ]

    @property
    def whom(self) -> Member | Team | None:
        return self.member or self.team


# Read along with whoever is acting: most workspaces share nothing, and need not be asked what with whom.
ANY_SHARES = "(SELECT count(*)::int FROM (SELECT 1 FROM access_share LIMIT 1) s)"


class Provider(models.Model):
    """The company's own place to sign in, by OpenID Connect. A workspace has one at most, so its key is always 1.

    `break_glass` are the administrators who come in without it where it is the only way (`is_enforced`).
    """

    id = models.BigIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=60)
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=255)
    client_secret = SealedField(max_length=1500)
    secret_expires = models.DateField(null=True)
    domains = ArrayField(models.CharField(max_length=253))
    role = models.ForeignKey(Role, models.SET_NULL, null=True, related_name="+", db_index=False)
    does_second_step = models.BooleanField(default=False)
    vouches_for_addresses = models.BooleanField(default=False)
    is_enforced = models.BooleanField(default=False)
    break_glass = ArrayField(models.UUIDField(), default=list)
    checked_at = models.DateTimeField(null=True)
    state = models.JSONField(default=dict)
    warned_for = models.DateField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="provider_once")]

    def __str__(self) -> str:
        return self.name


# Read along with whoever signs in or acts: must they come by the provider? `Member.by_provider` is one of these.
BY_PROVIDER = (
    "coalesce((SELECT CASE WHEN access_member.id = ANY(p.break_glass) THEN 2 ELSE 1 END"
    " FROM access_provider p WHERE p.is_enforced), 0)"
)
AS_ONE_LIKES, MUST, BREAK_GLASS = 0, 1, 2


class Subject(models.Model):
    """Who a member is to the provider: found by this from the second time on, whatever their address has become."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.OneToOneField(Member, models.CASCADE, related_name="subject")
    issuer = models.CharField(max_length=500)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="subject_once")]

    def __str__(self) -> str:
        return str(self.member_id)


class Invitation(models.Model):
    """A way in for one member, by a link that works once. Only the token's digest is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64)
    created_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token_hash"], name="invitation_token_unique")]


class ApiKey(models.Model):
    """A program's way in, with a member's name on what it does and a role of its own if one is set."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=100)
    member = models.ForeignKey(Member, models.CASCADE, related_name="api_keys")
    role = models.ForeignKey(Role, models.PROTECT, null=True, blank=True, related_name="+")
    prefix = models.CharField(max_length=12)
    key_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    networks = ArrayField(models.CharField(max_length=50), default=list)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key_hash"], name="api_key_unique")]

    @classmethod
    def issue(cls, *, name: str, member: Member, role: Role | None = None, **more: Any) -> tuple["ApiKey", str]:
        """Make a key. The secret is answered once and never kept: the row holds its digest."""
        secret = f"pk_{secrets.token_urlsafe(32)}"
        key = cls(name=name, member=member, role=role, prefix=secret[:9], key_hash=digest(secret), **more)
        key.save(force_insert=True)
        return key, secret


def digest(secret: str) -> str:
    """What is kept of a token with more entropy than any guess: a plain SHA-256 is enough, and can be looked up."""
    return hashlib.sha256(secret.encode()).hexdigest()
