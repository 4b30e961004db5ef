from django.apps import AppConfig


class TeamworkConfig(AppConfig):
    name = "crm_core.teamwork"
    label = "teamwork"
