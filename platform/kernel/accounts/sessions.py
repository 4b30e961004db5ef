"""The session engine: rows on the platform side that say whose session it is and at which tenant.

A cookie is host-only and the row names its tenant, so that a cookie of one company's host means nothing at another's.
"""

import datetime
import ipaddress
from typing import TYPE_CHECKING, Any, cast

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone

if TYPE_CHECKING:
    from kernel.accounts.models import Identity, Session

SEEN_EVERY = datetime.timedelta(minutes=5)
# Then the provider is asked anew, which may have closed the account meanwhile.
BY_PROVIDER = datetime.timedelta(hours=12)


class SessionStore(DatabaseStore):
    """Django's database store with columns beside the data, and the row at hand after loading."""

    row: "Session | None" = None

    @classmethod
    def get_model_class(cls) -> type["Session"]:
        return apps.get_model("accounts", "Session")

    def _get_session_from_db(self) -> "Session | None":
        others = apps.get_model("accounts", "Membership").objects.filter(
            Q(tenant__status="active") & ~Q(tenant=OuterRef("tenant")), identity=OuterRef("identity")
        )
        rows = self.get_model_class().objects.select_related("identity").annotate(has_others=Exists(others))
        self.row = rows.filter(session_key=self.session_key, expire_date__gt=timezone.now()).first()
        if self.row is None:
            self._session_key = None
        return self.row

    def create_model_instance(self, data: dict[str, Any]) -> "Session":
        row = cast("Session", super().create_model_instance(data))
        row.identity_id = data.get("identity")
        row.tenant_id = data.get("tenant")
        row.last_seen = timezone.now()
        row.ip = data.get("ip")
        row.user_agent = data.get("agent", "")
        if "since" in data:
            row.created_at = datetime.datetime.fromtimestamp(data["since"], datetime.UTC)
        return row


def client_ip(request: HttpRequest) -> str:
    """Who asks: the address that a trusted proxy added last, else the connection's own."""
    text = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY and (forwarded := request.headers.get("X-Forwarded-For", "")):
        text = forwarded.rsplit(",", 1)[-1].strip()
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:  # a Unix socket
        return "0.0.0.0"  # noqa: S104


def open_session(
    request: HttpRequest, identity: "Identity", tenant: Any = None, factor: str = "", *, by_provider: bool = False
) -> None:
    """Sign a person in on this host: a new key, so that a key planted before is worth nothing. `factor` is what they
    showed beside the password, if anything. `by_provider`: not we know who it is, but a provider that the workspace
    chose; so this is a session of a member there, and not of the person everywhere."""
    request.session.flush()
    request.session.update(
        {
            "identity": str(identity.pk),
            "tenant": str(tenant.pk) if tenant is not None else None,
            "epoch": identity.session_epoch,
            "factor": factor,
            "by_provider": by_provider,
            "since": int(timezone.now().timestamp()),
            "ip": client_ip(request),
            "agent": request.META.get("HTTP_USER_AGENT", "")[:300],
        }
    )
    rotate_token(request)


def end_all_by_provider(tenant: Any, but: str | None = None) -> None:
    """Sign out, at this tenant, everybody whom its provider let in."""
    rows = apps.get_model("accounts", "Session").objects.filter(tenant_id=tenant.pk).exclude(session_key=but)
    ended = [row.pk for row in rows.iterator() if row.get_decoded().get("by_provider")]
    for begin in range(0, len(ended), 500):
        rows.filter(pk__in=ended[begin : begin + 500]).delete()


def came_by_provider(request: HttpRequest) -> bool:
    return bool(request.session.get("by_provider"))


def close_session(request: HttpRequest) -> None:
    request.session.flush()
    rotate_token(request)


def identity_of(request: HttpRequest, tenant: Any = None) -> "Identity | None":
    """Who is signed in on this host, if the session is of this tenant, of this password and of an active identity."""
    session = request.session
    if not session.session_key or session.get("identity") is None:
        return None
    row = session.row if isinstance(session, SessionStore) else None
    if row is None or row.identity is None:
        return None
    if session.get("tenant") != (str(tenant.pk) if tenant is not None else None):
        return None
    if not row.identity.is_active or session.get("epoch") != row.identity.session_epoch:
        return None
    since = datetime.datetime.fromtimestamp(session.get("since", 0), datetime.UTC)
    if session.get("by_provider") and timezone.now() - since > BY_PROVIDER:
        return None
    _see(session, row)
    return row.identity


def _see(session: Any, row: "Session") -> None:
    now = timezone.now()
    if now - row.last_seen > SEEN_EVERY:
        row.last_seen = now
        type(row).objects.filter(pk=row.pk).update(last_seen=now)
    if row.expire_date - now < datetime.timedelta(seconds=session.get_session_cookie_age()) / 2:
        session.modified = True  # whoever keeps coming is not signed out in the middle of work
