"""/api/v1: without a trailing slash; with one it is answered the same. Never a page, whatever is asked for."""

import re
from typing import Any

from django.urls import URLPattern, re_path

from kernel.api import account, records, runs
from kernel.api.endpoint import Unknown
from kernel.api.resources import paths, run_resources

TYPE, ID, NAME = r"(?P<slug>[a-z][a-z-]*)", r"(?P<pk>[0-9a-fA-F-]{36})", r"[a-z][a-z-]*"


def at(pattern: str, view: Any) -> URLPattern:
    return re_path(rf"^api/v1/{pattern}/?$", view)


def _named(path: str) -> str:
    return re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))


urlpatterns = [
    at("me", account.Me.as_view()),
]
for _path in paths.values():
    urlpatterns.append(at(_named(_path.path), _path.endpoint.as_view()))
for _resource in run_resources.values():
    _list, _detail, _part = runs.views(_resource)
    urlpatterns += [
        at(_resource.slug, _list),
        at(rf"{_resource.slug}/{ID}", _detail),
        at(rf"{_resource.slug}/{ID}/(?P<part>{NAME})", _part),
    ]
urlpatterns += [
    at(TYPE, records.RecordList.as_view()),
    at(rf"{TYPE}/aggregate", records.Aggregate.as_view()),
    at(rf"{TYPE}/{ID}", records.RecordDetail.as_view()),
    at(rf"{TYPE}/{ID}/timeline", records.TimelineList.as_view()),
    at(rf"{TYPE}/{ID}/(?P<name>{NAME})", records.RecordVerb.as_view()),
    re_path(r"^api(?:/.*)?$", Unknown.as_view()),
]
