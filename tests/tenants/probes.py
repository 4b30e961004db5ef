"""Small views of this suite's own, to see what a request meets on its way."""

import contextlib

from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from rows import made, new_team

from kernel.access.models import Invitation, Team
from kernel.accounts.doors import public as open_door
from kernel.lib.ids import uuid7
from kernel.tenancy.context import NoTenant, OutsideTransaction, current_tenant, in_tenant, on_commit, stream

LOG: list[object] = []


def names(request):
    return HttpResponse("|".join(made()))


def who(request):
    with transaction.get_connection("default").cursor() as cursor:
        cursor.execute("SHOW search_path")
        path = cursor.fetchone()[0]
    return JsonResponse({"tenant": request.tenant.subdomain, "path": path})


def add(request):
    new_team("t:added")
    status = int(request.GET.get("status", "200"))
    return HttpResponse("added", status=status)


def fail(request):
    new_team("t:failed")
    raise ZeroDivisionError


def missing(request):
    new_team("t:missing")
    raise Http404


def outer_and_inner(request):
    new_team("t:outer")
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        new_team("t:inner")
        raise ZeroDivisionError
    return HttpResponse("|".join(made()))


def well_streamed(request):
    def chunks():
        for team in Team.objects.filter(name__startswith="t:").order_by("name"):
            yield team.name.encode()

    return StreamingHttpResponse(stream(request.tenant, chunks()))


def badly_streamed(request):
    def chunks():
        yield from (team.name.encode() for team in Team.objects.filter(name__startswith="t:"))

    return StreamingHttpResponse(chunks())


def late(request):
    """What callbacks after the commit may and may not do."""

    def bare():
        try:
            LOG.append(Team.objects.count())
        except (NoTenant, OutsideTransaction) as error:
            LOG.append(type(error).__name__)

    new_team("t:late")
    transaction.on_commit(bare)
    on_commit(lambda: LOG.append(made()))
    return HttpResponse("ok")


def late_failure(request):
    def broken():
        raise ConnectionError("as if the queue were away")

    new_team("t:kept")
    on_commit(broken)
    return HttpResponse("ok")


def deferred(request):
    """A foreign key that PostgreSQL looks at when the transaction commits, after the view has answered."""
    from django.utils import timezone

    Invitation.objects.create(member_id=uuid7(), token_hash="x", expires_at=timezone.now())
    request.session["touched"] = True
    return HttpResponse("ok")


def touch(request):
    request.session["touched"] = True
    return HttpResponse("ok")


def public(request):
    return HttpResponse(f"public {request.tenant} {current_tenant.get()}")


def public_slip(request):
    return HttpResponse(str(Team.objects.count()))


def nested(request):
    with in_tenant(request.tenant):
        return HttpResponse("|".join(made()))


urlpatterns = [
    path(view.__name__, open_door(view))
    for view in (
        names, who, add, fail, missing, outer_and_inner, well_streamed, badly_streamed, late, late_failure, deferred,
        touch, nested,
    )
]  # fmt: skip
