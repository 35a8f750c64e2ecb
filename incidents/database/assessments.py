"""Reading the assessments of severity that were kept."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from incidents.database.incidents import SeverityAssessment


def assessments_of(
    session: Session, incident_id: UUID, method: str = "", most: int | None = None
) -> Sequence[SeverityAssessment]:
    """The assessments of an incident, newest first; by one method, if it is given."""
    query = select(SeverityAssessment).where(SeverityAssessment.incident_id == incident_id)
    if method:
        query = query.where(SeverityAssessment.method == method)
    return session.scalars(query.order_by(SeverityAssessment.id.desc()).limit(most)).all()
