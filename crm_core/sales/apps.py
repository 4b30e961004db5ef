from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "crm_core.sales"
    label = "sales"
