"""Mail to one person: what it says (in the language that is active), as plain text and as HTML."""

from dataclasses import dataclass
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel.lib.text import written

TEXT = "accounts/mail/letter.txt"
HTML = "accounts/mail/letter.html"


@dataclass(frozen=True)
class Letter:
    """Paragraphs, at most one code and one button, links below, and small print. `key` makes the message's id, so that
    one that is sent again for want of an answer is known to be the same; `leave` is where one click stops such mail."""

    subject: str
    lines: tuple[str, ...]
    code: str = ""
    link: str = ""
    link_text: str = ""
    links: tuple[tuple[str, str], ...] = ()
    small: tuple[str, ...] = ()
    key: str = ""
    leave: str = ""

    def send(self, email: str, name: str = "") -> None:
        context = {"letter": self}
        headers = {"Auto-Submitted": "auto-generated"}
        if self.key:
            headers["Message-ID"] = f"<{self.key}@{settings.BASE_DOMAIN}>"
        if self.leave:
            headers |= {"List-Unsubscribe": f"<{self.leave}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        message = EmailMultiAlternatives(
            subject=" ".join(self.subject.split()),
            body=render_to_string(TEXT, context),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[formataddr((" ".join(name.split()), email)) if name.strip() else email],
            headers=headers,
        )
        message.attach_alternative(render_to_string(HTML, context), "text/html")
        message.send()


def code_letter(digits: str) -> Letter:
    return Letter(
        subject=_("%(code)s is your Peyvand code") % {"code": digits},
        lines=(_("Type this code on the sign-up page to show that this address is yours:"),),
        code=digits,
        small=(
            _("It works for 10 minutes. Nobody from Peyvand will ever ask you for it."),
            _("If you did not ask to sign up, ignore this message: without the code nothing happens."),
        ),
    )


def reset_letter(workspace: str, link: str) -> Letter:
    return Letter(
        subject=_("Set a new password for %(workspace)s") % {"workspace": workspace},
        lines=(_("Somebody asked for a new password for your account. If that was you, set it here:"),),
        link=link,
        link_text=_("Set a new password"),
        small=(
            _("The link works once, for one hour. It signs you out everywhere else."),
            _("If it was not you, ignore this message: your password stays as it is."),
        ),
    )


def changed_letter(workspace: str) -> Letter:
    return Letter(
        subject=_("Your password was changed"),
        lines=(
            _("The password of your account was just changed at %(workspace)s. All other devices were signed out.")
            % {"workspace": workspace},
        ),
        small=(_("If it was not you, set a new password at once and tell an administrator of your workspace."),),
    )


def new_device_letter(workspace: str, device: str, ip: str, when: str, link: str) -> Letter:
    return Letter(
        subject=_("A sign-in from a new device"),
        lines=(
            _("Your account was just used to sign in at %(workspace)s with a browser that we do not know yet.")
            % {"workspace": workspace},
            _("%(device)s, from the address %(ip)s, %(when)s.") % {"device": device, "ip": ip, "when": when},
            _("If that was you, there is nothing to do."),
        ),
        link=link,
        link_text=_("It was not me"),
        small=(_("There you see where you are signed in, sign out everywhere, and choose a new password."),),
    )


def factor_reset_letter(workspace: str, by: str, link: str) -> Letter:
    return Letter(
        subject=_("Sign in to %(workspace)s without the second step") % {"workspace": workspace},
        lines=(
            _("%(name)s lets you sign in with your password alone, because your app and your recovery codes are lost.")
            % {"name": by},
        ),
        link=link,
        link_text=_("Sign in"),
        small=(
            _("The link works once, for 24 hours, and asks for your password."),
            _("If you did not ask for it, ignore this message: nothing changes without the link and your password."),
        ),
    )


def past_provider_letter(workspace: str, name: str, ip: str, when: str, link: str) -> Letter:
    return Letter(
        subject=_("A sign-in past the provider of %(workspace)s") % {"workspace": workspace},
        lines=(
            _("%(name)s signed in to %(workspace)s without the company’s provider, as one of those who may.")
            % {"name": name, "workspace": workspace},
            _("From the address %(ip)s, %(when)s.") % {"ip": ip, "when": when},
        ),
        link=link,
        link_text=_("Open the audit log"),
        small=(_("If nobody knows why, ask them, and let them choose a new password."),),
    )


def secret_expires_letter(workspace: str, provider: str, day: str, link: str) -> Letter:
    return Letter(
        subject=_("The secret of %(provider)s runs out") % {"provider": provider},
        lines=(
            _("%(workspace)s signs in by %(provider)s, with a client secret that is good until %(day)s.")
            % {"workspace": workspace, "provider": provider, "day": day},
            _("Have a new one made there and enter it in the settings; after that day nobody comes in this way."),
        ),
        link=link,
        link_text=_("Open the settings"),
    )


def old_address_letter(email: str, link: str) -> Letter:
    return Letter(
        subject=_("Your e-mail address is to be changed"),
        lines=(
            _("Somebody who knows your password wants your account to have the address %(email)s from now on.")
            % {"email": email},
            _("If that was you, say yes here. It takes effect when the new mailbox has said yes too."),
        ),
        link=link,
        link_text=_("Yes, change it"),
        small=(
            _("The link works for 24 hours."),
            _("If it was not you, do not say yes, and choose a new password: somebody knows yours."),
        ),
    )


def new_address_letter(link: str) -> Letter:
    return Letter(
        subject=_("Confirm your new e-mail address"),
        lines=(_("This address is to be the one you sign in with. Confirm that it is yours:"),),
        link=link,
        link_text=_("Confirm the address"),
        small=(_("The link works for 24 hours."), _("If you do not know what this is about, ignore this message.")),
    )


def invitation_letter(workspace: str, inviter: str, link: str, days: int) -> Letter:
    if inviter:
        line = _("%(name)s invites you to work in %(workspace)s on Peyvand.")
    else:
        line = _("You are invited to work in %(workspace)s on Peyvand.")
    return Letter(
        subject=_("Your invitation to %(workspace)s") % {"workspace": workspace},
        lines=(line % {"name": inviter, "workspace": workspace},),
        link=link,
        link_text=_("Accept the invitation"),
        small=(
            ngettext("The link works once, for %(days)s day.", "The link works once, for %(days)s days.", days)
            % {"days": written(days)},
            _("If you do not know what this is about, ignore this message."),
        ),
    )


def workspaces_letter(links: tuple[tuple[str, str], ...], reset: str) -> Letter:
    if links:
        line = _("Somebody, probably you, asked where this address has a workspace. Sign in at:")
    else:
        line = _("Somebody, probably you, asked where this address has a workspace. It has none at the moment.")
    return Letter(
        subject=_("Your workspaces on Peyvand"),
        lines=(line,),
        links=(*links, (_("Password forgotten? Set a new one here (works once, for one hour):"), reset)),
        small=(_("If it was not you, ignore this message: nobody else was told."),),
    )
