from django.apps import AppConfig


class AttachmentsConfig(AppConfig):
    name = "kernel.attachments"
    label = "attachments"
