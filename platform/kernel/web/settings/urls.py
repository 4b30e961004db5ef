from django.urls import path

from kernel.web.settings import company, keys, members, profile, tags, teams

urlpatterns = [
    path("settings", profile.index, name="settings"),
    path("settings/profile", profile.profile, name="settings-profile"),
    path("settings/profile/password", profile.password, name="settings-password"),
    path("settings/company", company.company, name="settings-company"),
    path("settings/members", members.members, name="settings-members"),
    path("settings/members/new", members.new, name="settings-member-new"),
    path("settings/members/<uuid:pk>", members.member, name="settings-member"),
    path("settings/members/<uuid:pk>/invite", members.invite, name="settings-member-invite"),
    path("settings/members/<uuid:pk>/withdraw", members.withdraw, name="settings-member-withdraw"),
    path("settings/members/<uuid:pk>/deactivate", members.deactivate, name="settings-member-deactivate"),
    path("settings/members/<uuid:pk>/activate", members.activate, name="settings-member-activate"),
    path("settings/members/<uuid:pk>/hand-over", members.hand_over, name="settings-member-hand-over"),
    path("settings/members/<uuid:pk>/handover", members.handover, name="settings-member-handover"),
    path("settings/teams", teams.teams, name="settings-teams"),
    path("settings/teams/new", teams.new, name="settings-team-new"),
    path("settings/teams/<uuid:pk>", teams.team, name="settings-team"),
    path("settings/teams/<uuid:pk>/delete", teams.remove, name="settings-team-delete"),
    path("settings/tags", tags.tags, name="settings-tags"),
    path("settings/tags/<uuid:pk>", tags.tag, name="settings-tag"),
    path("settings/tags/<uuid:pk>/merge", tags.merging, name="settings-tag-merge"),
    path("settings/tags/<uuid:pk>/archive", tags.archive, name="settings-tag-archive"),
    path("settings/tags/<uuid:pk>/show", tags.show, name="settings-tag-show"),
    path("settings/keys", keys.keys, name="settings-keys"),
    path("settings/keys/<uuid:pk>/revoke", keys.revoke, name="settings-key-revoke"),
]
