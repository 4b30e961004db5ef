"""What a workspace's address may be: short, plain Latin, not reserved, and not one that passes for another."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kernel.lib.text import written

SHORTEST, LONGEST = 3, 32
PLAIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

RESERVED = frozenset(
    """
    about abuse access account accounts activate admin administrator ads alpha api app apps archive assets auth
    autoconfig autodiscover backup beta billing blog board bounce bugs business calendar careers cdn chat checkout
    client clients cloud code community config connect console contact core crm customer customers dashboard data
    database db dev developer developers dns docs documentation domain download downloads email enterprise errors
    events example export faq feedback files forum ftp git graphql guest guide health healthz help helpdesk home
    host hosting hostmaster http https id identity image images imap img import inbox info insights internal invite
    invoice invoices ipfs isatap issue issues job jobs js kb legal link links live local localhost log login logout
    logs mail mailer mailserver manage manager marketing media member members message messages metrics mobile
    monitor mta mx my network new news newsletter no-reply nobody noc none noreply notice notifications ns ns1 ns2
    ns3 null oauth office official ops order orders owner pages partner partners password pay payment payments
    peyvand phishing platform policy pop pop3 portal postmaster preview pricing privacy private prod production
    profile proxy public readyz redirect register registration release report reports reset root rss sale sales
    sandbox search secure security server service services session settings setup shop sign-in sign-up signin
    signout signup sip site sitemap sms smtp sso staff stage staging static stats status store stripe subscribe
    subscription subscriptions support survey sync sysadmin system team teams telnet tenant tenants terms test
    testing tests ticket tickets tls token tools trust undefined unsubscribe update updates upload uploads user
    username users vendor verify video vpn web webhook webhooks webmail webmaster website wiki work workspace
    workspaces wpad www xmpp
    """.split()  # noqa: SIM905 - two hundred words read better than two hundred lines
)

# Letters of other scripts that pass for Latin ones (Unicode's confusables, those that an address could be typed with).
PASSES_FOR = str.maketrans(
    {
        **dict(zip("аеорсухівѕјԁһӏԛԝкмтгпьѵ", "aeopcyxibsjdhlqwkmtrnbv", strict=True)),  # Cyrillic
        **dict(zip("αβεηικνορτυχωγ", "abenikvoptuxwy", strict=True)),  # Greek
        **dict(zip("ıłøđħŧſɡɑʟɪ", "ilodhtsgali", strict=True)),  # Latin beyond ASCII
        "‐": "-", "‑": "-", "–": "-", "—": "-", "−": "-",
    }
)  # fmt: skip
FOREIGN_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")


def clean_subdomain(text: str) -> str:
    """The address that was typed, as it will be kept; ValidationError says what to change, with a hint if one helps."""
    typed = text.strip().lower()
    if not typed.isascii():
        plain = _in_latin(typed)
        if PLAIN.fullmatch(plain):
            raise ValidationError(
                _("Use the Latin letters a to z, digits and dashes. Did you mean %(hint)s?"),
                code="lookalike",
                params={"hint": plain},
            )
        raise ValidationError(_("Use the Latin letters a to z, digits and dashes."), code="letters")
    if not PLAIN.fullmatch(typed):
        raise _plain_error(typed)
    if not SHORTEST <= len(typed) <= LONGEST:
        raise ValidationError(
            _("Use between %(shortest)s and %(longest)s characters."),
            code="length",
            params={"shortest": written(SHORTEST), "longest": written(LONGEST)},
        )
    if typed in RESERVED or _as_read(typed) in _READ_AS_RESERVED:
        raise ValidationError(_("This address is reserved. Choose another."), code="reserved")
    return typed


def lookalike_key(subdomain: str) -> str:
    """Equal for two addresses that a reader takes for one another: paypal and paypa1."""
    return subdomain.translate(str.maketrans("01", "ol"))


def _plain_error(typed: str) -> ValidationError:
    hint = re.sub("-{2,}", "-", re.sub("[^a-z0-9-]+", "-", typed)).strip("-")
    if SHORTEST <= len(hint) <= LONGEST and not typed.startswith("xn--"):
        return ValidationError(
            _("Use letters, digits and single dashes between them. Did you mean %(hint)s?"),
            code="letters",
            params={"hint": hint},
        )
    return ValidationError(_("Use letters, digits and single dashes between them."), code="letters")


def _in_latin(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(PASSES_FOR).translate(FOREIGN_DIGITS))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()


def _as_read(subdomain: str) -> str:
    """Coarser than lookalike_key: nobody may pass for us, while two customers may well be `modern` and `modem`."""
    return (
        lookalike_key(subdomain)
        .replace("i", "l")
        .replace("-", "")
        .replace("rn", "m")
        .replace("vv", "w")
        .replace("5", "s")
    )


_READ_AS_RESERVED = frozenset(_as_read(word) for word in RESERVED)
