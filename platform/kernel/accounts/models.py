"""The platform side of a person: no row of a company is here, and no row here is in a company's schema."""

import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from kernel.accounts import happening, passwords
from kernel.accounts.addresses import normal_email
from kernel.accounts.sealing import SealedField
from kernel.accounts.sessions import SessionStore
from kernel.lib.ids import uuid7


class IdentityQuerySet(models.QuerySet["Identity"]):
    """Reads by address go through here, so that each address is looked up in its one spelling."""

    def with_email(self, email: str) -> "Identity | None":
        return self.filter(email=normal_email(email)).first()

    def new(self, *, email: str, name: str, password: str | None, language: str) -> "Identity":
        """Make an identity; IntegrityError where the address has one. Without a password it can only be invited."""
        secret = passwords.unusable() if password is None else passwords.hashed(password)
        return self.create(email=normal_email(email), name=name, password=secret, language=language)


class Identity(models.Model):
    """Somebody who can sign in. What they are called and may do in a company is the company's Member."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=150, blank=True)
    password = models.CharField(max_length=200)
    is_operator = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=8, default="en")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    session_epoch = models.PositiveIntegerField(default=0)

    objects = IdentityQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["email"], name="identity_email_once"),
            # With the constraint above: once, in whatever case. Written through addresses.normal_email.
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="identity_email_lower"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def has_password(self) -> bool:
        """False for somebody whom a command or an import made, and who has never been here."""
        return passwords.is_password_usable(self.password)

    def set_password(self, password: str) -> None:
        """A new password ends every session that stands. The caller saves."""
        self.password = passwords.hashed(password)
        self.session_epoch += 1

    def change_password(self, password: str) -> bool:
        """Set and save it, unless another request changed the password since this identity was read: then False."""
        mine = type(self).objects.filter(pk=self.pk, password=self.password, session_epoch=self.session_epoch)
        self.set_password(password)
        if not mine.update(password=self.password, session_epoch=self.session_epoch):
            return False
        Session.objects.filter(identity=self).delete()
        happening.happened(self, happening.PASSWORD_CHANGED)
        return True

    def check_password(self, password: str) -> bool:
        right, fresh = passwords.matches(password, self.password)
        if fresh:
            type(self).objects.filter(pk=self.pk, password=self.password).update(password=fresh)
            self.password = fresh
        return right


class Membership(models.Model):
    """That an identity belongs to a tenant; the tenant's own Member row says as whom."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    identity = models.ForeignKey(Identity, models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(settings.TENANT_MODEL, models.CASCADE, related_name="memberships")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["identity", "tenant"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.identity_id} @ {self.tenant_id}"


class Session(AbstractBaseSession):
    """One signed-in browser at one tenant (or, with no tenant, at the public site)."""

    objects: ClassVar[BaseSessionManager] = BaseSessionManager()

    identity = models.ForeignKey(Identity, models.CASCADE, null=True, related_name="sessions")
    tenant = models.ForeignKey(settings.TENANT_MODEL, models.CASCADE, null=True, related_name="sessions")
    created_at = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta(AbstractBaseSession.Meta):
        abstract = False
        db_table = "accounts_session"

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return SessionStore


class Totp(models.Model):
    """The app that makes one's codes. The secret is sealed; a step that was taken is not taken again."""

    identity = models.OneToOneField(Identity, models.CASCADE, primary_key=True, related_name="totp")
    secret = SealedField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.identity_id)


class RecoveryCode(models.Model):
    """One way past a second step that was lost, for once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    identity = models.ForeignKey(Identity, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["identity", "digest"], name="recovery_code_once")]

    def __str__(self) -> str:
        return str(self.id)


class Passkey(models.Model):
    """A key that lives on a device of one's; here is only what checks it. `site` is the name it was made under."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    identity = models.ForeignKey(Identity, models.CASCADE, related_name="passkeys")
    site = models.CharField(max_length=253)
    credential_id = models.BinaryField(max_length=1023)
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["credential_id"], name="passkey_once")]

    def __str__(self) -> str:
        return self.name


class EmailChange(models.Model):
    """Another address for an identity, on its way: it takes effect when both mailboxes have said yes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    identity = models.OneToOneField(Identity, models.CASCADE, related_name="email_change")
    tenant = models.ForeignKey(settings.TENANT_MODEL, models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    old_said_yes_at = models.DateTimeField(null=True)
    new_said_yes_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.email


class EmailCode(models.Model):
    """A sign-up on its way: the address, whether it was proved, and what came of it.

    The six digits are not stored, not even hashed: they follow from the row's id and the secret key (see `codes`),
    so that neither the database nor the queue that carries the mail ever holds them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254)
    language = models.CharField(max_length=8, default="en")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    verified_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    tenant = models.ForeignKey(settings.TENANT_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["created_at"], name="emailcode_created")]

    def __str__(self) -> str:
        return self.email

    @property
    def is_verified(self) -> bool:
        """Proved, and recently enough for the rest of the form to be sent."""
        return self.verified_at is not None and self.verified_at > timezone.now() - datetime.timedelta(hours=1)


class HandOff(models.Model):
    """A one-time way into one tenant, for a minute, from the public site or from the tenant that is its `origin`.

    `browser` is the digest of what the browser was given at its goal: the way is open to that one alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    identity = models.ForeignKey(Identity, models.CASCADE, related_name="+")
    tenant = models.ForeignKey(settings.TENANT_MODEL, models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    factor = models.CharField(max_length=8, blank=True)
    origin = models.ForeignKey(settings.TENANT_MODEL, models.CASCADE, null=True, related_name="+")
    browser = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="handoff_expires")]

    def __str__(self) -> str:
        return str(self.id)
