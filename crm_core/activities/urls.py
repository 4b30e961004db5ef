from django.urls import path
from django.utils.translation import gettext_lazy as _

from crm_core.activities import views
from kernel.web import nav

nav.add(_("My day"), "/tasks", "checkbox", views.may_see, first=True)

urlpatterns = [path("tasks", views.my_day, name="my-day")]
