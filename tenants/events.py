from django.utils.translation import gettext_lazy as _

from kernel.events.names import tell

PROVISIONED = tell("tenant.provisioned", _("%(who)s set up this workspace"))
