"""From a name to a workspace that someone can sign in to: a chain of steps, each of which may be done twice.

reserve    platform   Tenant, the owner's Identity and Membership, and Provisioning, which remembers what to finish;
                      with a schema made ahead, if there is one
schema     tenant     otherwise the compiled template and a role for it, in one transaction
seed       tenant     roles, the owner, what apps registered in tenants.provisioned; in one transaction
activate   platform   from here on the host answers
announce   tenant     subscribers of `tenant.provisioned` start; the sweeper does it where the queue is away

The unique constraints on the tenant decide who gets an address. Whoever is killed between two steps leaves a row in
Provisioning whose lease lapses, and `tenants.tasks.sweep_provisioning` finishes the tenant or removes it.
"""

import datetime
import logging
from collections.abc import Callable
from typing import Any

from babel.numbers import list_currencies
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kernel.accounts.addresses import check_email
from kernel.accounts.models import Identity, Membership
from kernel.tenancy.catalog import quoted
from kernel.tenancy.context import as_owner, in_tenant
from kernel.tenancy.fleet import record_head
from kernel.tenancy.head import head_hash
from kernel.tenancy.hosts import forget
from kernel.tenancy.models import SchemaVersion
from kernel.tenancy.template import ensure_template, replay
from tenants import owner, spares
from tenants.lifecycle import remove
from tenants.models import Provisioning, Tenant
from tenants.names import clean_subdomain

LEASE = datetime.timedelta(seconds=60)
ATTEMPTS = 3
# The half of PostgreSQL's advisory lock numbers that is ours; the other half is the tenant's schema name.
LOCK_SPACE = 0x7E4A48
COUNTRIES = {"IRR": "IR", "EUR": "DE", "GBP": "GB", "TRY": "TR", "AED": "AE", "AFN": "AF", "CAD": "CA", "IQD": "IQ"}
logger = logging.getLogger(__name__)


def provision(
    subdomain: str,
    name: str,
    owner_email: str,
    *,
    owner_name: str = "",
    password: str | None = None,
    with_samples: bool = False,
    **wishes: str,
) -> Tenant:
    """Make a tenant and answer it, ready to be used; ValidationError, keyed by field, if what was asked won't do.

    `wishes` are language, calendar, currency, money_unit, timezone, country and plan: what is not given follows from
    the language. A password is set only where the owner has no identity yet or has never set one.
    """
    tenant = reserve(
        subdomain, name, owner_email, owner_name=owner_name, password=password, with_samples=with_samples, **wishes
    )
    try:
        finish(tenant)
    except Exception:
        # Nobody is left wondering about a name that is taken by nothing. If this fails too, the sweeper does it.
        remove(tenant)
        raise
    return tenant


def reserve(
    subdomain: str,
    name: str,
    owner_email: str,
    *,
    owner_name: str = "",
    password: str | None = None,
    with_samples: bool = False,
    **wishes: str,
) -> Tenant:
    """The first step: the address is ours, or a ValidationError says why not."""
    tenant = Tenant(name=name.strip(), **with_defaults(wishes))
    errors: dict[str, Any] = {}
    try:
        tenant.subdomain = clean_subdomain(subdomain)
    except ValidationError as error:
        errors["subdomain"] = error.error_list
    try:
        email = check_email(owner_email)
    except ValidationError as error:
        errors["email"] = error.error_list
    if tenant.currency not in list_currencies():
        errors["currency"] = [ValidationError(_("This is not a currency. Use a code such as USD or IRR."), "currency")]
    try:
        tenant.clean_fields(exclude=["subdomain", "lookalike"])
    except ValidationError as error:
        errors.update({field: error for field, error in error.error_dict.items() if field not in errors})
    if errors:
        raise ValidationError(errors)
    try:
        with transaction.atomic("platform"):
            spare = spares.take()
            tenant.schema_name = spare or tenant.schema_name
            tenant.save(force_insert=True)
            if spare:
                record_head(tenant)
            identity = _identity(email, owner_name.strip(), password, tenant.language)
            Membership.objects.create(identity=identity, tenant=tenant)
            Provisioning.objects.create(
                tenant=tenant,
                identity=identity.pk,
                owner_email=email,
                owner_name=owner_name.strip() or identity.name or email.partition("@")[0],
                with_samples=with_samples,
                lease_until=timezone.now() + LEASE,
            )
    except IntegrityError as error:
        raise _taken(error) from None
    return tenant


def finish(tenant: Tenant) -> None:
    """The steps after the first. Done once or several times, also at once by two, the outcome is the same."""
    for step in STEPS:
        step(tenant)
    _announce(tenant)


def finish_or_remove(tenant: Tenant) -> bool:
    """Take up a tenant that whoever began it left lying; after ATTEMPTS it is removed. True if it is ready now."""
    row = Provisioning.objects.get(tenant=tenant)
    try:
        finish(tenant)
    except Exception as error:
        logger.exception("The tenant %s could not be finished (attempt %s).", tenant, row.attempts)
        Provisioning.objects.filter(tenant=tenant).update(error=f"{type(error).__name__}: {error}")
        if row.attempts >= ATTEMPTS:
            remove(tenant)
        return False
    return True


def with_defaults(wishes: dict[str, str]) -> dict[str, str]:
    """What follows from a language where it was not said."""
    given = {name: value for name, value in wishes.items() if value}
    language = given.get("language", "en")
    is_persian = language == "fa"
    currency = given.get("currency", "IRR" if is_persian else "USD").upper()
    zone = given.get("timezone", "Asia/Tehran" if is_persian else "UTC")
    country = "IR" if zone == "Asia/Tehran" else COUNTRIES.get(currency, "IR" if is_persian else "US")
    return {
        "calendar": "jalali" if is_persian else "gregorian",
        "money_unit": "toman" if is_persian and currency == "IRR" else "",
        "country": country,
        **given,
        "language": language,
        "currency": currency,
        "timezone": zone,
    }


def make_schema(tenant: Tenant) -> None:
    ensure_template()  # compiled outside the transaction below, should an upgrade not have done it
    with as_owner(), in_tenant(tenant), connections["default"].cursor() as cursor:
        _one_at_a_time(cursor, tenant)
        cursor.execute("SELECT to_regnamespace(%s) IS NOT NULL", [quoted(tenant.schema_name)])
        is_there = cursor.fetchone()[0]
        if is_there and SchemaVersion.objects.filter(tenant=tenant, head_hash=head_hash()).exists():
            return
        if is_there:  # made by code of another version, or killed before it was noted; nobody has used it yet
            cursor.execute(f"DROP SCHEMA {quoted(tenant.schema_name)} CASCADE")
        replay()
    record_head(tenant)


def _seed(tenant: Tenant) -> None:
    row = Provisioning.objects.filter(tenant=tenant).first()
    if row is None:
        return
    with in_tenant(tenant), connections["default"].cursor() as cursor, translation.override(tenant.language):
        _one_at_a_time(cursor, tenant)
        owner.settle(tenant, row)


def activate(tenant: Tenant) -> None:
    with transaction.atomic("platform"):
        Provisioning.objects.filter(tenant=tenant).delete()
        Tenant.objects.filter(pk=tenant.pk, status=Tenant.Status.PROVISIONING).update(status=Tenant.Status.ACTIVE)
    tenant.status = Tenant.Status.ACTIVE
    forget()


STEPS: list[Callable[[Tenant], None]] = [make_schema, _seed, activate]


def _announce(tenant: Tenant) -> None:
    """What follows may begin. The tenant is in use from here on: whatever goes wrong now must not remove it."""
    try:
        with in_tenant(tenant):
            owner.announce()
    except Exception:
        logger.exception("The sweeper will tell of the new tenant %s: its message could not be sent.", tenant)


def _one_at_a_time(cursor: Any, tenant: Tenant) -> None:
    """Until the transaction ends: the sweeper may come while the one who began is only slow."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, tenant.schema_name])


def _identity(email: str, name: str, password: str | None, language: str) -> Identity:
    try:
        with transaction.atomic("platform"):
            return Identity.objects.new(email=email, name=name, password=password, language=language)
    except IntegrityError:  # known already, or made by somebody else this moment
        identity = Identity.objects.select_for_update().get(email=email)
    if password and not identity.has_password:
        identity.change_password(password)
    return identity


def _taken(error: IntegrityError) -> ValidationError:
    for constraint in Tenant._meta.constraints:
        if constraint.name in str(error) and constraint.name != "tenant_schema_once":
            message = constraint.violation_error_message or _("This address is taken. Choose another.")
            return ValidationError({"subdomain": ValidationError(message, code="taken")})
    raise error
