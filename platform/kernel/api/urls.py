"""/api/v1: without a trailing slash; with one it is answered the same. Never a page, whatever is asked for."""

import re
from typing import Any

from django.urls import URLPattern, include, path, re_path

from kernel.api import account, audit, batch, bulk, changes, merging, records, runs, schema, search, sharing, views  # noqa: F401 - some add their own paths
from kernel.api.endpoint import Unknown
from kernel.api.resources import paths, run_resources

_v1: list[URLPattern] = []
_with_slash: list[URLPattern] = []


def at(pattern: str, view: Any) -> None:
    _v1.append(path(pattern, view))
    _with_slash.append(path(f"{pattern}/", view))


at("me", account.Me.as_view())
at("schema", schema.Schema.as_view())
at("search", search.Search.as_view())
at("audit", audit.Audit.as_view())
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
at("<slug:slug>/bulk", bulk.Bulk.as_view())
at("<slug:slug>/<str:pk>", records.RecordDetail.as_view())
at("<slug:slug>/<str:pk>/merge", merging.Merge.as_view())
at("<slug:slug>/<str:pk>/unmerge", merging.Unmerge.as_view())
at("<slug:slug>/<str:pk>/shares", sharing.Shares.as_view())
at("<slug:slug>/<str:pk>/shares/<str:share_pk>", sharing.ShareDetail.as_view())
at("<slug:slug>/<str:pk>/timeline", records.TimelineList.as_view())
at("<slug:slug>/<str:pk>/<slug:name>", records.RecordVerb.as_view())
urlpatterns = [
    # Behind one prefix: a page's address is not held against each of these, nor theirs against those of pages.
    path("api/v1/", include([*_v1, *_with_slash])),
    re_path(r"^api(?:/.*)?$", Unknown.as_view()),
]
