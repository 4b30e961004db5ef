from django.urls import path

from crm_core.contacts import consent_pages, consent_part
from kernel.web import detail

detail.add_part(consent_part.part)

urlpatterns = [path("settings/consent", consent_pages.purposes, name="settings-consent")]
