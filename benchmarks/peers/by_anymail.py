"""django-anymail with SendGrid: a thousand people a request, the outcome of each on record.

    python benchmarks/peers/by_anymail.py DATABASE_URL SENDGRID_URL KEY COUNT

As its documentation sends to many: `merge_data` and `merge_metadata` for a batch, on a connection
that is kept. Around it what a careful engineer adds, so that it does the work of Tocsin: contacts
lie encrypted, one AES-GCM value a person; an attempt is committed before its request, so that
after a crash one sees who is in doubt; then what anymail says of each recipient is written, one
row a person, in one transaction with the attempt's end. Two processes share the people.

Not in it: planning, leases, what is in doubt being settled, bytes that can be made again and their
hash, audit trail, proof. Prints people told a second, from the first row read to the last written.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from functools import cache
from multiprocessing import get_context
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.mail import EmailMessage, get_connection
from django.db import connection, models, transaction
from django.utils import timezone
from single_file_django import set_up

TEXT = "Dear -name-,\n\nYour survey answers could be read by others. We closed the gap.\n" * 6
PROCESSES = 2
BATCH = 1_000
NONCE_BYTES = 12
BOX = AESGCM(AESGCM.generate_key(256))
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
    """Whom to tell: name and address, sealed."""

    sealed = models.BinaryField()

    class Meta:
        """A table of no app."""

        app_label = "peer"


class Attempt(models.Model):
    """A request that is about to be made, or was: to whom, and when it was answered."""

    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField()
    begun_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        """A table of no app."""

        app_label = "peer"


class Outcome(models.Model):
    """What became of one recipient of an attempt."""

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True)
    attempt = models.ForeignKey(Attempt, models.CASCADE)
    status = models.CharField(max_length=10)
    message_id = models.CharField(max_length=100)

    class Meta:
        """A table of no app."""

        app_label = "peer"


def main(count: int) -> None:
    """Tell `count` people."""
    with connection.schema_editor() as editor:
        for table in (Person, Attempt, Outcome):
            editor.create_model(table)
    Person.objects.bulk_create(map(_person, range(count)), batch_size=10_000)
    connection.close()  # not to be shared by the processes
    began = time.perf_counter()
    with get_context("fork").Pool(PROCESSES) as pool:
        pool.map(_tell, range(1, count + 1, BATCH), chunksize=1)
    seconds = time.perf_counter() - began
    sent = Outcome.objects.filter(status="queued").count()
    if sent != count:
        raise SystemExit(f"{sent} of {count} were sent")
    print(count / seconds)


def _person(number: int) -> Person:
    nonce = os.urandom(NONCE_BYTES)
    told = json.dumps({"name": f"N {number}", "email": f"p{number}@example.com"})
    return Person(sealed=nonce + BOX.encrypt(nonce, told.encode(), None))


def _tell(first: int) -> None:
    people = Person.objects.filter(pk__range=(first, first + BATCH - 1))
    sealed = people.values_list("pk", "sealed").order_by("pk")
    contacts = {key: _opened(bytes(value)) for key, value in sealed}
    attempt = Attempt.objects.create(first=first, last=max(contacts), begun_at=timezone.now())
    message = _message(contacts)
    message.send()
    heard = message.anymail_status.recipients
    with transaction.atomic():
        Outcome.objects.bulk_create(
            Outcome(
                person_id=key,
                attempt=attempt,
                status=heard[contact["email"]].status,
                message_id=heard[contact["email"]].message_id,
            )
            for key, contact in contacts.items()
        )
        attempt.answered_at = timezone.now()
        attempt.save(update_fields=["answered_at"])


def _opened(sealed: bytes) -> dict[str, str]:
    opened: dict[str, str] = json.loads(
        BOX.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    )
    return opened


def _message(contacts: dict[int, dict[str, str]]) -> Any:
    message: Any = EmailMessage(
        subject="About your survey answers",
        body=TEXT,
        to=[contact["email"] for contact in contacts.values()],
        connection=_kept_connection(),
    )
    message.merge_data = {one["email"]: {"name": one["name"]} for one in contacts.values()}
    message.merge_metadata = {one["email"]: {"r": str(key)} for key, one in contacts.items()}
    return message


@cache
def _kept_connection() -> Any:
    kept = get_connection()
    kept.open()
    return kept


if __name__ == "__main__":
    main(int(COUNT))
