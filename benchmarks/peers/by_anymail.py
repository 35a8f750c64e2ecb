"""django-anymail with SendGrid: a thousand people a request, each marked as sent.

    python benchmarks/peers/by_anymail.py DATABASE_URL SENDGRID_URL KEY COUNT

As its documentation sends to many: `merge_data` and `merge_metadata` for a batch; then one UPDATE
for the batch. Two processes share the people. Prints people told a second, from the first row
read to the last one marked.
"""

from __future__ import annotations

import sys
import time
import warnings
from multiprocessing import get_context

from django.core.mail import EmailMessage
from django.db import connection, models
from django.utils import timezone
from single_file_django import set_up

TEXT = "Dear -name-,\n\nYour survey answers could be read by others. We closed the gap.\n" * 6
PROCESSES = 2
BATCH = 1_000
DATABASE_URL, SENDGRID_URL, KEY, COUNT = sys.argv[1:]

warnings.simplefilter("ignore")  # it is no longer tested against SendGrid itself, and says so
set_up(
    DATABASE_URL,
    "anymail",
    EMAIL_BACKEND="anymail.backends.sendgrid.EmailBackend",
    ANYMAIL={
        "SENDGRID_API_KEY": KEY,
        "SENDGRID_API_URL": f"{SENDGRID_URL}/v3/",
        "SENDGRID_MERGE_FIELD_FORMAT": "-{}-",
    },
)


class Person(models.Model):
    """Whom to tell, and whether they were."""

    name = models.CharField(max_length=200)
    email = models.EmailField()
    status = models.CharField(max_length=10, default="waiting")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        """A table of no app."""

        app_label = "peer"


def main(count: int) -> None:
    """Tell `count` people."""
    with connection.schema_editor() as editor:
        editor.create_model(Person)
    people = (Person(name=f"N {i}", email=f"p{i}@example.com") for i in range(count))
    Person.objects.bulk_create(people, batch_size=10_000)
    connection.close()  # not to be shared by the processes
    began = time.perf_counter()
    with get_context("fork").Pool(PROCESSES) as pool:
        pool.map(_tell, range(1, count + 1, BATCH), chunksize=1)
    seconds = time.perf_counter() - began
    sent = Person.objects.filter(status="sent").count()
    if sent != count:
        raise SystemExit(f"{sent} of {count} were sent")
    print(count / seconds)


def _tell(first: int) -> None:
    people = list(Person.objects.filter(pk__range=(first, first + BATCH - 1)))
    message = EmailMessage(
        subject="About your survey answers", body=TEXT, to=[one.email for one in people]
    )
    message.merge_data = {one.email: {"name": one.name} for one in people}
    message.merge_metadata = {one.email: {"r": str(one.pk)} for one in people}
    message.send()
    ids = [one.pk for one in people]
    Person.objects.filter(pk__in=ids).update(status="sent", sent_at=timezone.now())


if __name__ == "__main__":
    main(int(COUNT))
