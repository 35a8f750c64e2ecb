"""A page of a population: how large it is; it costs what is on it, however many come after."""

from incidents.database import pages
from incidents.database.campaigns import Campaign
from incidents.database.engine import is_sqlite
from incidents.database.population import Recipient
from incidents.services.planning import page_size
from incidents.work import TOCSIN
from tests.services.telling import Campaigning, mailbox


def test_pages_grow_with_the_envelopes_that_senders_have_meanwhile():
    of_a_thousand_people, sizes, people = 1_000, [], 0
    for _ in range(5):
        sizes.append(page_size(people // of_a_thousand_people))
        people += sizes[-1]
    assert sizes == [10_000, 20_000, 40_000, 50_000, 50_000]


def test_behind_single_messages_a_page_is_whole_at_once():
    assert page_size(10_000) == 50_000


def test_the_end_of_a_page_is_found_without_reading_those_behind_it(office):
    one = Campaigning(office, [mailbox(n) for n in range(3000)])
    one.launch()
    hundreds = []  # of steps of SQLite's machine
    with one.office.look(TOCSIN) as work:
        campaign = work.session.get_one(Campaign, one.id)
        if is_sqlite(work.session.connection()):
            driver = work.session.connection().connection.driver_connection
            driver.set_progress_handler(lambda: hundreds.append(1) or 0, 100)
        end = pages.end_of_page(work.session, campaign, 10)
        assert len(hundreds) < 10
    assert end == sorted(row.id for row in one.rows(Recipient))[9]
