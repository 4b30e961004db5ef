import kernel.events.asking
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='ip',
            field=models.GenericIPAddressField(default=kernel.events.asking.from_where, null=True),
        ),
    ]
