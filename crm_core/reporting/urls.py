from django.urls import path

from crm_core.reporting import views

urlpatterns = [
    path("reports", views.reports, name="reports"),
    path("reports/<uuid:pk>", views.report, name="report"),
    path("reports/<uuid:pk>/status", views.status, name="report-status"),
    path("reports/<uuid:pk>/cancel", views.stop, name="report-cancel"),
    path("reports/<uuid:pk>/download/<slug:extension>", views.download, name="report-download"),
]
