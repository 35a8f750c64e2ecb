"""Who comes through the door in most of these tests."""

from __future__ import annotations

import pytest

from tests.api.desk import Desk


@pytest.fixture
def lead(client, as_role) -> Desk:
    """A commander who is privacy officer too: may do all but approve."""
    return Desk(client, as_role("commander", "privacy_officer", name="lead"))


@pytest.fixture
def commander(as_role) -> dict[str, str]:
    """The headers of somebody who runs campaigns, and nothing else."""
    return as_role("commander")


@pytest.fixture
def approver(client, as_role) -> Desk:
    """Somebody who approves, and edits nothing."""
    return Desk(client, as_role("approver", name="approver"))


@pytest.fixture
def auditor(client, as_role) -> Desk:
    """Somebody who reads and verifies the trail."""
    return Desk(client, as_role("auditor", name="auditor"))


@pytest.fixture
def administrator(client, as_role) -> Desk:
    """Somebody who keeps users and tokens."""
    return Desk(client, as_role("administrator", name="administrator"))
