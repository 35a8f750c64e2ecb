"""Log lines: structured, from every library, with whatever looks like personal data masked."""

from __future__ import annotations

import logging
import re
import sys
from typing import Literal

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

_EMAIL = re.compile(r"[^\s\"<>,;:=()\[\]{}@\\]+@[^\s\"'<>,;:=()\[\]{}@\\]+\.[^\W\d_]{2,}")
# International; or national with its groups; or a bare run of digits. Ids, moments and
# counts of ours have other shapes, and stay readable.
_PHONE = re.compile(
    r"\+\d[\d ().-]{6,18}\d"
    r"|(?<![\w.-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"
    r"|(?<![\w.:-])\d{10,15}(?![\w-])"
)
# The address of a calendar is its own key: whoever reads a log must not read the calendar.
_CALENDAR = re.compile(r"(/calendar/)[\w-]+")

# Where providers report, by the thousand in a second.
_CALLBACKS = tuple(f"/api/v1/webhooks/{name}" for name in ("resend/", "sendgrid/", "twilio/status"))


def configure_logs(log_format: Literal["console", "json"], level: int = logging.INFO) -> None:
    """Send the lines of every library, ours and others', to stderr in one form."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(log_format),
                _mask_line,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for quiet in ("alembic", "celery.app.trace", "celery.worker.strategy", "httpx", "kombu"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").addFilter(_worth_a_line)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared[:3],
            structlog.stdlib.PositionalArgumentsFormatter(),
            shared[4],
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def mask(text: str) -> str:
    """`text` with every e-mail address, telephone number and calendar's secret in it replaced."""
    text = _CALENDAR.sub(r"\1[secret]", text)
    return _PHONE.sub("[phone]", _EMAIL.sub("[email]", text))


def _worth_a_line(record: logging.LogRecord) -> bool:
    """Not a callback that was taken: its line costs more than all else that is done with it, and
    says less than the audit entry that counts it. One that was refused is worth its line."""
    match record.args:
        case (_, _, str(path), _, 200):
            return not path.startswith(_CALLBACKS)
    return True


def _renderers(log_format: str) -> list[Processor]:
    if log_format == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    # Plain: the default would print each frame's variables, tokens and bodies among them.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _mask_line(_logger: WrappedLogger, _method: str, line: EventDict | str) -> str:
    # The finished line is masked, not its parts: a traceback of a library cannot slip past.
    return mask(str(line))
