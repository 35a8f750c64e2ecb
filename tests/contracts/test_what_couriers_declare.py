"""What the rules know of couriers without asking them is what the couriers declare."""

from incidents.rules.ladder import CANCELS, PEOPLE_PER_CALL
from notifiers.courier import Canceller, Courier
from notifiers.providers.print_folder import PrintFolder
from notifiers.providers.resend import Resend
from notifiers.providers.sandbox import Sandbox
from notifiers.providers.sendgrid import SendGrid
from notifiers.transport import Transport


def couriers() -> dict[str, Courier]:
    given = {"api_key": "x", "from_email": "notice@example.com"}
    made = (SendGrid(Transport(), **given), Resend(Transport(), **given), Sandbox())
    return {courier.name: courier for courier in made}


def test_as_many_people_share_a_call_as_its_courier_takes():
    declared = {name: one.capabilities.max_people for name, one in couriers().items()}
    declared[PrintFolder.name] = PrintFolder.capabilities.max_people
    assert declared == PEOPLE_PER_CALL


def test_who_can_call_messages_back_says_so_and_can():
    found = couriers()
    assert {name for name, one in found.items() if one.capabilities.cancels} == CANCELS
    assert all(isinstance(found[name], Canceller) for name in CANCELS)
