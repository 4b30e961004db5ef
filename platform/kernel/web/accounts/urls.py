from django.urls import path

from kernel.web.accounts import email_changes, second, views

urlpatterns = [
    path("login", views.sign_in, name="sign-in"),
    path("login/code", second.code, name="second-step"),
    path("second-step/<str:token>", second.lost, name="second-step-lost"),
    path("logout", views.sign_out, name="sign-out"),
    path("enter", views.enter, name="enter"),
    path("forgot", views.forgot, name="forgot"),
    path("forgot/sent", views.forgot_sent, name="forgot-sent"),
    path("reset/<str:token>", views.reset, name="reset"),
    path("email/<str:token>", email_changes.confirm, name="email-change"),
    path("join/<str:token>", views.join, name="join"),
]
