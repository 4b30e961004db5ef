"""A customer of ours: the tenant, its own domains, and how far it has been set up."""

import secrets
import string
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin

from kernel.lib.ids import uuid7
from kernel.lib.places import known_zones
from tenants.names import lookalike_key


def new_schema_name() -> str:
    """An opaque name: a tenant may change what it is called, never where its rows are."""
    letters = string.ascii_lowercase + string.digits
    return "t_" + "".join(secrets.choice(letters) for _i in range(12))


def check_timezone(name: str) -> None:
    if name not in known_zones():
        raise ValidationError(_("%(name)s is not a time zone. Choose one such as Asia/Tehran."), params={"name": name})


class Tenant(TenantMixin):
    """One workspace. Its records are in the schema of its own that `schema_name` names."""

    class Status(models.TextChoices):
        PROVISIONING = "provisioning", _("Being set up")
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        DELETING = "deleting", _("Being erased")

    auto_create_schema = False

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    schema_name = models.CharField(max_length=63, default=new_schema_name, editable=False)
    name = models.CharField(_("company"), max_length=100)
    subdomain = models.CharField(_("address"), max_length=32)
    lookalike = models.CharField(max_length=32, editable=False)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PROVISIONING)
    suspended_reason = models.CharField(max_length=300, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES, default="en")
    calendar = models.CharField(
        _("calendar"),
        max_length=9,
        choices=[("gregorian", _("Gregorian")), ("jalali", _("Jalali"))],
        default="gregorian",
    )
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    money_unit = models.CharField(max_length=6, blank=True, choices=[("", "-"), ("toman", _("Toman"))])
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[check_timezone])
    country = models.CharField(_("country"), max_length=2, default="US")
    plan = models.CharField(max_length=50, default="free")
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["subdomain"]
        constraints = [
            models.UniqueConstraint(fields=["schema_name"], name="tenant_schema_once"),
            models.UniqueConstraint(
                fields=["subdomain"],
                name="tenant_subdomain_once",
                violation_error_message=_("This address is taken. Choose another."),
            ),
            models.UniqueConstraint(
                fields=["lookalike"],
                name="tenant_lookalike_once",
                violation_error_message=_("This address looks too much like one that is taken. Choose another."),
            ),
        ]

    def __str__(self) -> str:
        return self.subdomain

    def __enter__(self) -> Any:
        # The parent keeps its stack on the class, shared by all threads: two of them would swap tenants.
        raise RuntimeError("`with tenant:` is not safe between threads; use kernel.tenancy.context.in_tenant.")

    @property
    def host(self) -> str:
        return f"{self.subdomain}.{settings.BASE_DOMAIN}"

    @property
    def url(self) -> str:
        """The workspace's address, for links that leave the site."""
        return f"{settings.LINK_SCHEME}://{self.host}{settings.LINK_PORT}"

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.lookalike = lookalike_key(self.subdomain)
        models.Model.save(self, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("A tenant is removed by tenants.lifecycle, with its schema.")


class Domain(DomainMixin):
    """A host name of a tenant's own, besides SUBDOMAIN.BASE_DOMAIN, which needs no row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    def save(self, *args: Any, **kwargs: Any) -> None:
        # The parent opens a transaction on the alias of tenants' data, where no domain is kept.
        models.Model.save(self, *args, **kwargs)


class Provisioning(models.Model):
    """A tenant on its way to being usable: what is needed to finish it, should whoever began it be killed."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="provisioning")
    identity = models.UUIDField()
    owner_email = models.EmailField(max_length=254)
    owner_name = models.CharField(max_length=150)
    with_samples = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    lease_until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["lease_until"], name="provisioning_lease")]

    def __str__(self) -> str:
        return f"{self.tenant_id} attempt {self.attempts}"


class SpareSchema(models.Model):
    """A tenant's empty schema made ahead, without a tenant yet. `stamp` says by which code; it is empty until all is
    there."""

    schema_name = models.CharField(max_length=63, primary_key=True, default=new_schema_name)
    stamp = models.CharField(max_length=128, blank=True)
    began_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.schema_name
