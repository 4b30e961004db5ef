from django.urls import path
from django.utils.translation import gettext_lazy as _

from crm_core.reporting import views
from crm_core.reporting.catalogue import may_report
from kernel.web import nav

nav.add(_("Reports"), "/reports", "chart-bar", may_report)

urlpatterns = [
    path("reports", views.reports, name="reports"),
    path("reports/<uuid:pk>", views.report, name="report"),
    path("reports/<uuid:pk>/status", views.status, name="report-status"),
    path("reports/<uuid:pk>/cancel", views.stop, name="report-cancel"),
    path("reports/<uuid:pk>/download/<slug:extension>", views.download, name="report-download"),
]
