from django.apps import AppConfig


class TransferConfig(AppConfig):
    name = "kernel.transfer"
    label = "transfer"
