from django.urls import path

from kernel.transfer import export_pages, import_pages, steps

urlpatterns = [
    path("imports", import_pages.history, name="imports"),
    path("imports/new", steps.new, name="import-new"),
    path("imports/<uuid:pk>", import_pages.show, name="import"),
    path("imports/<uuid:pk>/file", steps.file, name="import-file"),
    path("imports/<uuid:pk>/columns", steps.columns, name="import-columns"),
    path("imports/<uuid:pk>/values", steps.values, name="import-values"),
    path("imports/<uuid:pk>/preview", steps.preview, name="import-preview"),
    path("imports/<uuid:pk>/answers", import_pages.answers, name="import-answers"),
    path("imports/<uuid:pk>/status", import_pages.status, name="import-status"),
    path("imports/<uuid:pk>/cancel", import_pages.stop, name="import-cancel"),
    path("imports/<uuid:pk>/undo", import_pages.undo, name="import-undo"),
    path("imports/<uuid:pk>/problems", import_pages.problems, name="import-problems"),
    path("exports", export_pages.begin, name="exports"),
    path("exports/<uuid:pk>", export_pages.show, name="export"),
    path("exports/<uuid:pk>/status", export_pages.status, name="export-status"),
    path("exports/<uuid:pk>/cancel", export_pages.stop, name="export-cancel"),
    path("exports/<uuid:pk>/download", export_pages.download, name="export-download"),
]
