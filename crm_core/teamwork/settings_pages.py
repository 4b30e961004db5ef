from django.utils.translation import gettext_lazy as _

from kernel.web.settings.sections import Section, add_section

add_section(Section("notifications", _("Notifications"), "bell", _("Me"), 15))
