from django.urls import path

from crm_core.leads import views

urlpatterns = [
    path("r/leads/<uuid:pk>/convert", views.convert, name="lead-convert"),
    path("r/leads/<uuid:pk>/unconvert", views.unconvert, name="lead-unconvert"),
]
