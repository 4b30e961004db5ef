from django.urls import path

from crm_core.teamwork import follow_pages, mention_pages, preferences_page, views
from crm_core.teamwork.clocks import follow_zone
from crm_core.teamwork.reminders import keep_clock
from kernel.web import detail, members, nav
from kernel.web.settings import profile

nav.set_bell("/notifications")
members.read_along("unread", views.UNREAD)
detail.add_part(follow_pages.part)
profile.when_saved(follow_zone)
profile.when_saved(lambda member: keep_clock(member.pk))

urlpatterns = [
    path("notifications", views.inbox, name="notifications"),
    path("notifications/bell", views.bell, name="notification-bell"),
    path("notifications/read-all", views.read_all, name="notifications-read"),
    path("notifications/unread-all", views.unread_all, name="notifications-unread"),
    path("notifications/leave/<str:token>", views.leave, name="notification-leave"),
    path("notifications/<uuid:pk>", views.open_one, name="notification"),
    path("notifications/<uuid:pk>/read", views.read, name="notification-read"),
    path("settings/notifications", preferences_page.preferences, name="settings-notifications"),
    path("r/<slug:slug>/mentionable", mention_pages.mentionable, name="record-mentionable"),
    path("r/<slug:slug>/<uuid:pk>/follow", follow_pages.switch, name="record-follow"),
]
