"""The doors, and one room behind them: a view that is not public."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def room(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.member.name, content_type="text/plain; charset=utf-8")


urlpatterns = [path("", include("kernel.web.accounts.urls")), path("room", room), path("room/<str:word>", room)]
