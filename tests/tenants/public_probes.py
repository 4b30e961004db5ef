from django.urls import path
from probes import public, public_slip

from kernel.accounts.doors import public as open_door

urlpatterns = [path("", open_door(public)), path("slip", open_door(public_slip))]
