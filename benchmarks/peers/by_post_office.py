"""django-post_office: a queue in the database, sent by SMTP with its own command.

    python benchmarks/peers/by_post_office.py DATABASE_URL SMTP_PORT COUNT

Queued with `send_many`, a thousand at a time, from a template with each person's name; sent as by
`manage.py send_queued_mail --processes 2`, with its default of five threads each; both counted.
Batches of 1,000 instead of its default of 100, for each of which it starts its processes anew.
It records each message as sent, and a log line of each. Prints people told a second.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from django.core.management import call_command
from single_file_django import set_up

TEXT = "Dear {{ name }},\n\nYour survey answers could be read by others. We closed the gap.\n" * 6
PROCESSES = 2
BATCH = 1_000


def main(database_url: str, smtp_port: str, count: str) -> None:
    """Queue and send to `count` people."""
    backends = {"default": "django.core.mail.backends.smtp.EmailBackend"}
    set_up(
        database_url,
        "django.contrib.contenttypes",
        "post_office",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=int(smtp_port),
        EMAIL_BACKEND="post_office.EmailBackend",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        POST_OFFICE={"BACKENDS": backends, "BATCH_SIZE": BATCH},
    )
    call_command("migrate", verbosity=0)
    print(_told(int(count)))


def _told(count: int) -> float:
    # Models can be imported only when Django is set up.
    from post_office.models import STATUS, Email, EmailTemplate  # noqa: PLC0415

    subject = "About your survey answers"
    words = EmailTemplate.objects.create(name="notice", subject=subject, content=TEXT)
    began = time.perf_counter()
    _queue(words, count)
    with tempfile.TemporaryDirectory() as folder:
        lock = str(Path(folder) / "lock")
        call_command("send_queued_mail", processes=PROCESSES, lockfile=lock)
    seconds = time.perf_counter() - began
    sent = Email.objects.filter(status=STATUS.sent).count()
    if sent != count:
        raise SystemExit(f"{sent} of {count} were sent")
    return count / seconds


def _queue(words: object, count: int) -> None:
    from post_office.mail import send_many  # noqa: PLC0415

    for first in range(0, count, BATCH):
        people = range(first, min(first + BATCH, count))
        same = {"template": words}
        send_many(
            [
                same | {"recipients": f"p{i}@example.com", "context": {"name": f"N {i}"}}
                for i in people
            ]
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
