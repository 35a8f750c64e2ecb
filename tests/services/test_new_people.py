from random import Random

import pytest
from sqlalchemy import select

from incidents.database import new_people
from incidents.database.base import uuid7, uuid7_bytes
from incidents.database.new_people import AlreadyThere, NewPerson
from incidents.database.population import Recipient
from tests.factories import TOCSIN, make_incident

PLACES = ("", "DE", "US-CA", "GB-ENG")
LOCALES = ("en", "zh-Hant-TW", "de-419")


@pytest.fixture
def incident_id(office):
    with office.work(TOCSIN) as work:
        return make_incident(work).id


def strangers(count):
    dice = Random(count)

    def address():
        return dice.choice((None, dice.randbytes(16)))

    return sorted(
        NewPerson(
            uuid7_bytes(), dice.randbytes(16), dice.choice(LOCALES), dice.choice(PLACES),
            dice.randbytes(dice.randrange(1, 3_000)), address(), address(), address(), address(),
            dice.choice((0, 1, 4_095)),
        )
        for _ in range(count)
    )  # fmt: skip


def add(office, incident_id, people):
    with office.work(TOCSIN) as work:
        new_people.add_strangers(work.session, incident_id, uuid7(), people)


def there(office):
    columns = [getattr(Recipient, name) for name in NewPerson._fields]
    with office.look(TOCSIN) as work:
        rows = work.session.execute(select(*columns).order_by(Recipient.id))
        return [NewPerson(row.id.bytes, *row[1:]) for row in rows]


@pytest.mark.parametrize("count", [0, 1, 1_234])
def test_people_are_there_exactly_as_they_were_added(office, incident_id, count):
    people = strangers(count)
    add(office, incident_id, people)
    assert there(office) == people


def test_of_people_among_whom_somebody_is_there_already_nobody_is_added(office, incident_id):
    first, *others = strangers(1_234)
    add(office, incident_id, [first])
    with pytest.raises(AlreadyThere):
        add(office, incident_id, [*others, first._replace(id=uuid7_bytes())])
    assert there(office) == [first]
