from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "crm_core.reporting"
    label = "reporting"
