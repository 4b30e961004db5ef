"""The public site, BASE_DOMAIN itself."""

from django.urls import path

from kernel.web.accounts import crossing
from tenants.signup import site, views

urlpatterns = [
    path("", site.landing, name="landing"),
    path("signup", views.start, name="signup"),
    path("signup/code", views.prove, name="signup-code"),
    path("signup/workspace", views.workspace, name="signup-workspace"),
    path("signup/address", views.address, name="signup-address"),
    path("login", site.sign_in, name="sign-in"),
    path("login/code", site.code, name="second-step"),
    path("login/passkey", site.passkey, name="passkey"),
    path("login/passkey/options", site.passkey_options, name="passkey-options"),
    path("logout", site.sign_out, name="sign-out"),
    path("enter/back", crossing.back, name="enter-back"),
    path("workspaces", site.my_workspaces, name="workspaces"),
    path("workspaces/open", site.open_workspace, name="open-workspace"),
    path("forgot", site.forgot, name="forgot"),
    path("forgot/sent", site.forgot_sent, name="forgot-sent"),
    path("reset/<str:token>", site.reset, name="reset"),
]
