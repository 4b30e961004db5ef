from django.urls import path

from crm_core.sales.settings import lists, pipelines, stages

urlpatterns = [
    path("settings/pipelines", pipelines.pipelines, name="settings-pipelines"),
    path("settings/pipelines/new", pipelines.new, name="settings-pipeline-new"),
    path("settings/pipelines/<uuid:pk>", pipelines.pipeline, name="settings-pipeline"),
    path("settings/pipelines/<uuid:pk>/up", pipelines.move, {"step": "up"}, name="settings-pipeline-up"),
    path("settings/pipelines/<uuid:pk>/down", pipelines.move, {"step": "down"}, name="settings-pipeline-down"),
    path("settings/pipelines/<uuid:pk>/delete", pipelines.remove, name="settings-pipeline-delete"),
    path("settings/pipelines/<uuid:pipeline>/stages/new", stages.new, name="settings-stage-new"),
    path("settings/stages/<uuid:pk>", stages.stage, name="settings-stage"),
    path("settings/stages/<uuid:pk>/up", stages.move, {"step": "up"}, name="settings-stage-up"),
    path("settings/stages/<uuid:pk>/down", stages.move, {"step": "down"}, name="settings-stage-down"),
    path("settings/stages/<uuid:pk>/delete", stages.remove, name="settings-stage-delete"),
    path("settings/stages/<uuid:pk>/moving", stages.moving, name="settings-stage-moving"),
]
for slug in ("lost-reasons", "sources"):
    views = lists.pages(slug)
    urlpatterns += [
        path(f"settings/{slug}", views["index"], name=f"settings-{slug}"),
        path(f"settings/{slug}/<uuid:pk>", views["row"], name=f"settings-{slug}-row"),
        path(f"settings/{slug}/<uuid:pk>/delete", views["remove"], name=f"settings-{slug}-delete"),
        path(f"settings/{slug}/<uuid:pk>/show", views["show"], name=f"settings-{slug}-show"),
    ]
