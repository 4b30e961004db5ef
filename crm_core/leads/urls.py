from django.urls import path

from crm_core.leads import views, worklist
from crm_core.leads.forms import kept_part
from crm_core.leads.forms.views import form
from crm_core.leads.settings import pages
from kernel.tenancy.middleware import for_visitors
from kernel.web import detail

__all__ = ["urlpatterns", "worklist"]

for_visitors("/f/")
detail.add_part(kept_part.part)

urlpatterns = [
    path("f/<slug:address>", form, name="lead-form"),
    path("r/leads/<uuid:pk>/convert", views.convert, name="lead-convert"),
    path("r/leads/<uuid:pk>/unconvert", views.unconvert, name="lead-unconvert"),
    path("settings/leads", pages.leads, name="settings-leads"),
    path("settings/leads/<slug:slug>/<uuid:pk>/<slug:step>", pages.move, name="settings-leads-move"),
    path("settings/forms", pages.forms, name="settings-forms"),
]
