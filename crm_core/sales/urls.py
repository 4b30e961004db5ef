from django.urls import path

from crm_core.sales import views

urlpatterns = [
    path("", views.home, name="home"),
    path("home/won", views.won_chart, name="home-won"),
]
