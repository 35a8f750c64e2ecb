"""Drafts a migration from what the tables say now: `make migration MESSAGE="..."`.

A draft is read and mended by a person: triggers, data and renames are not seen by comparing.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from incidents.database.engine import open_engine
from incidents.database.migrate import alembic_config, newest, upgrade


def draft(message: str) -> None:
    """Write `versions/NNNN_message.py`: the step from the migrations there are to the tables."""
    number = f"{int(newest() or 0) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'draft.db'}")
        upgrade(engine)
        with engine.begin() as connection:
            command.revision(alembic_config(connection), message, autogenerate=True, rev_id=number)
        engine.dispose()


if __name__ == "__main__":
    draft(sys.argv[1])
