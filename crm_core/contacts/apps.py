from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "crm_core.contacts"
    label = "contacts"
