"""/api/v1: without a trailing slash; with one it is answered the same. Never a page, whatever is asked for."""

import re
from typing import Any

from django.urls import URLPattern, path, re_path

from kernel.api import account, batch, records, runs, schema
from kernel.api.endpoint import Unknown
from kernel.api.resources import paths, run_resources

urlpatterns: list[URLPattern] = []


def at(pattern: str, view: Any) -> None:
    urlpatterns.extend((path(f"api/v1/{pattern}", view), path(f"api/v1/{pattern}/", view)))


at("me", account.Me.as_view())
at("schema", schema.Schema.as_view())
for _path in paths.values():
    at(re.sub(r"{(\w+)}", r"<str:\1>", _path.path), _path.endpoint.as_view())
for _resource in run_resources.values():
    _list, _detail, _part = runs.views(_resource)
    at(_resource.slug, _list)
    at(f"{_resource.slug}/<str:pk>", _detail)
    at(f"{_resource.slug}/<str:pk>/<slug:part>", _part)
at("<slug:slug>", records.RecordList.as_view())
at("<slug:slug>/aggregate", records.Aggregate.as_view())
at("<slug:slug>/batch", batch.Batch.as_view())
at("<slug:slug>/<str:pk>", records.RecordDetail.as_view())
at("<slug:slug>/<str:pk>/timeline", records.TimelineList.as_view())
at("<slug:slug>/<str:pk>/<slug:name>", records.RecordVerb.as_view())
urlpatterns.append(re_path(r"^api(?:/.*)?$", Unknown.as_view()))
