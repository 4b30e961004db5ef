from django.urls import path

from kernel.files import views

app_name = "files"
urlpatterns = [path("files/<str:token>", views.download, name="download")]
