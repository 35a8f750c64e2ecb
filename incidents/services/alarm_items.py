"""What an alarm is about, as it stands now: open duties and tasks, an owner wanted, a halt."""

from datetime import datetime
from uuid import UUID

from incidents.database.alarm_clocks import duties_and_tasks
from incidents.database.alarms import Alarm
from incidents.database.campaigns import Campaign, campaigns_of
from incidents.database.duties import Duty
from incidents.database.incidents import Incident
from incidents.database.tasks import Task
from incidents.rules.alarm_times import OWNER_WITHIN
from incidents.rules.alarm_words import Item
from incidents.rules.lifecycle import ENDED
from incidents.services.alarm_schedule import is_to_be_done, note_of
from incidents.work import Work


def items_of(work: Work, alarm: Alarm) -> dict[UUID, Item]:
    """What of an alarm is not settled yet, by the id of the duty, task or incident."""
    incident = work.session.get_one(Incident, alarm.incident_id)
    if incident.status in ENDED:
        return {}
    ids = [UUID(one["id"]) for one in alarm.about]
    duties, tasks = duties_and_tasks(work.session, ids)
    found = {one.id: item_of_duty(one) for one in duties if one.status == "open" and one.due_at}
    found |= {one.id: item_of_task(one) for one in tasks if is_to_be_done(one) and one.due_at}
    if incident.id in ids and incident.owner_id is None:
        found[incident.id] = item_of_owner(incident)
    halted = (one for one in campaigns_of(work.session, incident.id) if one.id in ids)
    found |= {one.id: item_of_halt(work, one) for one in halted if is_halted(one)}
    return found


def is_halted(campaign: Campaign) -> bool:
    """Whether it has paused itself, and nobody has said yet whether it goes on or ends."""
    return bool(campaign.halt) and campaign.status == "paused"


def item_of_halt(work: Work, campaign: Campaign) -> Item:
    """A campaign that has paused itself, as alarms speak of it."""
    return Item("campaign", campaign.halt, work.now)


def item_of_duty(duty: Duty) -> Item:
    """A duty that has a due time, as alarms speak of it."""
    return Item("duty", duty.title, _known(duty.due_at), note_of(duty))


def item_of_task(task: Task) -> Item:
    """A task that has a due time, as alarms speak of it."""
    return Item("task", task.title, _known(task.due_at), "task")


def item_of_owner(incident: Incident) -> Item:
    """An incident that nobody owns."""
    return Item("owner", "", incident.opened_at + OWNER_WITHIN)


def _known(due_at: datetime | None) -> datetime:
    if due_at is None:
        raise ValueError("nothing rings that has no due time")
    return due_at
