"""Who may do what: roles, permissions, and the table between them. No policy means no."""

from collections.abc import Mapping
from enum import StrEnum

from incidents.errors import NotPermitted


class Role(StrEnum):
    """What a person is trusted with; one person may bear several."""

    REPORTER = "reporter"
    RESPONDER = "responder"
    COMMANDER = "commander"
    PRIVACY_OFFICER = "privacy_officer"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One thing that can be done; each service function asks for exactly one."""

    OPEN_INCIDENT = "incident.open"
    READ_INCIDENT = "incident.read"
    EDIT_INCIDENT = "incident.edit"
    MOVE_INCIDENT = "incident.move"
    RECORD_FACT = "fact.record"
    ASSESS_SEVERITY = "severity.assess"
    CHANGE_DUTY = "duty.change"
    DO_TASK = "task.do"
    ACKNOWLEDGE_ALARM = "alarm.acknowledge"
    START_PLAYBOOK = "playbook.start"
    IMPORT_POPULATION = "population.import"
    READ_POPULATION = "population.read"
    READ_SUPPRESSION = "suppression.read"
    CHANGE_SUPPRESSION = "suppression.change"
    EDIT_NOTICE = "notice.edit"
    READ_NOTICE = "notice.read"
    APPROVE_NOTICE = "notice.approve"
    RUN_CAMPAIGN = "campaign.run"
    READ_CAMPAIGN = "campaign.read"
    PROVE_CAMPAIGN = "campaign.prove"
    PROVE_NOTICE = "person.prove"
    EDIT_ANNOUNCEMENT = "announcement.edit"
    APPROVE_ANNOUNCEMENT = "announcement.approve"
    EDIT_REPORT = "report.edit"
    READ_REPORT = "report.read"
    FILE_REPORT = "report.file"
    RUN_DRILL = "drill.run"
    READ_AUDIT = "audit.read"
    EXPORT_AUDIT = "audit.export"
    MANAGE_USERS = "users.manage"
    APPLY_LAW = "law.apply"
    READ_METRICS = "metrics.read"
    READ_PROVIDER = "provider.read"
    RESET_PROVIDER = "provider.reset"
    READ_ROTA = "rota.read"
    MANAGE_ROTA = "rota.manage"
    READ_SELF = "me.read"
    EDIT_SELF = "me.edit"
    WORK_UNSEEN = "system.work"


P = Permission
_LOOK = {
    P.READ_INCIDENT,
    P.READ_POPULATION,
    P.READ_NOTICE,
    P.READ_CAMPAIGN,
    P.READ_REPORT,
}
_RESPOND = _LOOK | {
    P.OPEN_INCIDENT,
    P.EDIT_INCIDENT,
    P.MOVE_INCIDENT,
    P.RECORD_FACT,
    P.ASSESS_SEVERITY,
    P.DO_TASK,
    P.ACKNOWLEDGE_ALARM,
    P.START_PLAYBOOK,
    P.IMPORT_POPULATION,
    P.EDIT_NOTICE,
}
_LEAD = _RESPOND | {
    P.RUN_CAMPAIGN,
    P.PROVE_CAMPAIGN,
    P.READ_SUPPRESSION,
    P.CHANGE_SUPPRESSION,
    P.EDIT_ANNOUNCEMENT,
    P.EDIT_REPORT,
    P.RUN_DRILL,
    P.MANAGE_ROTA,
    P.READ_METRICS,
    P.READ_PROVIDER,
    P.RESET_PROVIDER,
}

_GRANTS: Mapping[Role, set[Permission]] = {
    Role.REPORTER: {P.OPEN_INCIDENT},
    Role.RESPONDER: _RESPOND,
    Role.COMMANDER: _LEAD,
    Role.PRIVACY_OFFICER: _LEAD | {P.CHANGE_DUTY, P.APPLY_LAW, P.FILE_REPORT, P.PROVE_NOTICE},
    Role.APPROVER: _LOOK
    | {P.APPROVE_NOTICE, P.APPROVE_ANNOUNCEMENT, P.DO_TASK, P.ACKNOWLEDGE_ALARM},
    Role.AUDITOR: {
        P.READ_AUDIT,
        P.EXPORT_AUDIT,
        P.READ_INCIDENT,
        P.READ_CAMPAIGN,
        P.PROVE_CAMPAIGN,
        P.READ_REPORT,
        P.READ_METRICS,
        P.READ_PROVIDER,
    },
    # An administrator keeps users and settings, and sees no incident.
    Role.ADMINISTRATOR: {
        P.MANAGE_USERS,
        P.MANAGE_ROTA,
        P.READ_METRICS,
        P.READ_PROVIDER,
        P.RESET_PROVIDER,
    },
}
# What everybody may do.
_ALL = {P.READ_SELF, P.EDIT_SELF, P.READ_ROTA}
GRANTS: Mapping[Role, frozenset[Permission]] = {
    role: frozenset(_ALL | granted) for role, granted in _GRANTS.items()
}


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """Everything that somebody with these roles may do."""
    return frozenset().union(*(GRANTS[role] for role in roles))


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """The roles that grant `permission`, for telling somebody whom to ask."""
    return tuple(role for role, granted in GRANTS.items() if permission in granted)


def refusal(permission: Permission) -> NotPermitted:
    """The error for somebody who lacks `permission`: says which role has it."""
    holders = " or ".join(roles_with(permission)) or "nobody but Tocsin itself"
    return NotPermitted(f"you may not do this ({permission}); ask {holders}")
