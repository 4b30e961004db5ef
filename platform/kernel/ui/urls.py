"""The living page of every component."""

from django.urls import path

from kernel.ui.views import styleguide

urlpatterns = [path("styleguide", styleguide, name="styleguide")]
