from django.urls import path

from kernel.web.accounts import crossing, email_changes, passkeys, provider, second, views

urlpatterns = [
    path("login", views.sign_in, name="sign-in"),
    path("login/code", second.code, name="second-step"),
    path("login/passkey", passkeys.sign_in, name="passkey"),
    path("login/passkey/options", passkeys.options, name="passkey-options"),
    path("login/sso", provider.begin, name="sso"),
    path("login/sso/back", provider.back, name="sso-back"),
    path("second-step/<str:token>", second.lost, name="second-step-lost"),
    path("logout", views.sign_out, name="sign-out"),
    path("enter", crossing.enter, name="enter"),
    path("enter/back", crossing.back, name="enter-back"),
    path("workspaces", crossing.my_workspaces, name="workspaces"),
    path("workspaces/open", crossing.switch, name="open-workspace"),
    path("forgot", views.forgot, name="forgot"),
    path("forgot/sent", views.forgot_sent, name="forgot-sent"),
    path("reset/<str:token>", views.reset, name="reset"),
    path("email/<str:token>", email_changes.confirm, name="email-change"),
    path("join/<str:token>", views.join, name="join"),
]
