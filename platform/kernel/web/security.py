"""Headers that every answer carries. The content security policy allows no inline script and no inline style."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase


def content_security_policy() -> str:
    # Signing in or up on the public site ends in a redirect to the workspace, which browsers hold against form-action.
    port = ":*" if settings.EMBEDDED else ""
    workspaces = (
        f"{settings.LINK_SCHEME}://{settings.BASE_DOMAIN}{port} {settings.LINK_SCHEME}://*.{settings.BASE_DOMAIN}{port}"
    )
    rules = [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        f"connect-src 'self'{bucket_origins()}",
        "worker-src 'self'",
        "manifest-src 'self'",
        "object-src 'none'",
        f"form-action 'self' {workspaces}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    if settings.HTTPS:
        rules.append("upgrade-insecure-requests")
    return "; ".join(rules)


def bucket_origins() -> str:
    """Where browsers send the parts of large files, by addresses that we sign; nowhere without a bucket."""
    if not settings.S3_BUCKET:
        return ""
    endpoint = settings.STORAGES["default"]["OPTIONS"]["endpoint_url"]
    if not endpoint:
        return f" https://{settings.S3_BUCKET}.s3.amazonaws.com https://*.amazonaws.com"
    parts = urlsplit(str(endpoint))
    return f" {parts.scheme}://{parts.netloc} {parts.scheme}://{settings.S3_BUCKET}.{parts.netloc}"


class SecurityHeaders:
    """Adds to what Django's SecurityMiddleware sets; a view that set one of these itself keeps its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.headers = {
            "Content-Security-Policy": content_security_policy(),
            "X-Frame-Options": "DENY",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "Cross-Origin-Resource-Policy": "same-origin",
            # Customers' records stay out of shared caches, and out of private ones unless revalidated.
            "Cache-Control": "private, no-cache",
        }

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        if "frame-ancestors 'none'" not in response.headers["Content-Security-Policy"]:
            del response.headers["X-Frame-Options"]  # which knows no list of sites
        return response
