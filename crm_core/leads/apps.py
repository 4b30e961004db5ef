from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "crm_core.leads"
    label = "leads"
