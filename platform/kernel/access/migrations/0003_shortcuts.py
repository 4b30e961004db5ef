from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_tags_and_custom"),
    ]

    operations = [
        migrations.AddField(
            model_name="member",
            name="shortcuts",
            field=models.BooleanField(default=True),
        ),
    ]
