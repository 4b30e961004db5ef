from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "kernel.privacy"
    label = "privacy"
