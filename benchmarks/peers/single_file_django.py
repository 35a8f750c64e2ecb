"""Django without a project: settings from code, on a database given by its URL."""

from __future__ import annotations

from urllib.parse import urlsplit

import django
from django.conf import settings


def set_up(database_url: str, *apps: str, **more: object) -> None:
    """Configure Django for one script."""
    url = urlsplit(database_url)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path.strip("/"),
        "USER": url.username,
        "HOST": url.hostname,
        "PORT": url.port,
    }
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=apps,
        DEFAULT_FROM_EMAIL="privacy@example.com",
        USE_TZ=True,
        **more,
    )
    django.setup()
