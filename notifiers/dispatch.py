"""Synchronous callers, asynchronous couriers: one loop in one thread between them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from notifiers.courier import AttemptQuery, Canceller, Courier
from notifiers.envelope import Envelope, Finding, FindingKind, Mode, Outcome, OutcomeKind, Trouble
from notifiers.errors import Ambiguous, NoSuchCourier, NotifierError, Refused, Unavailable

# How often it is asked whether messages that wait for the wire may still go, and how long a yes
# is good for: where the next answer is late, they wait for it.
_LOOK_SECONDS = 0.05
_GOOD_SECONDS = 0.2
_STOPPED = Outcome(OutcomeKind.RETRY, reason="stopped before sending")
T = TypeVar("T")
Item = tuple[str, Envelope, bytes]


@dataclass(slots=True)
class _Queue:
    """Envelopes that were given together: whether they may go is asked in the thread that gave
    them, which has nothing else to do.

    waiting     how many of one person each wait for the wire
    good_until  by the monotonic clock, for those: until when the last yes is good
    questions   of envelopes of several people, each done once it is answered; None: all ended
    """

    may_go: Callable[[], bool]
    waiting: int
    is_halted: bool = False
    good_until: float = 0.0
    questions: SimpleQueue[Future[None] | None] = field(default_factory=SimpleQueue)

    def look(self) -> None:
        """Ask, for the messages that wait."""
        if self.waiting and not self.is_halted:
            self._ask()

    def answer_until(self, ended: Future[Any]) -> None:
        """Ask what is to be asked, until all have ended."""
        ended.add_done_callback(lambda _: self.questions.put(None))
        while True:
            try:
                question = self.questions.get(timeout=_LOOK_SECONDS)
            except Empty:
                self.look()
                continue
            if question is None:
                return
            if question.set_running_or_notify_cancel():
                try:
                    self._ask()
                finally:
                    question.set_result(None)

    async def let_message(self) -> bool:
        """Whether a message may go: as the last answer has it, if that is not too old."""
        while not self.is_halted and time.monotonic() > self.good_until:
            await asyncio.sleep(_LOOK_SECONDS / 10)
        return not self.is_halted

    async def let_shared(self) -> bool:
        """Whether an envelope of several people may go, asked for it alone."""
        if not self.is_halted:
            question = Future[None]()
            self.questions.put(question)
            await asyncio.wrap_future(question)
        return not self.is_halted

    def _ask(self) -> None:
        began, answer = time.monotonic(), False
        try:
            answer = self.may_go()
        finally:  # what cannot be asked is a no
            self.is_halted, self.good_until = not answer, began + _GOOD_SECONDS


class Dispatch:
    """Hands envelopes to couriers; its thread starts at the first use, so it survives a fork.

    couriers     by name, or a list of them
    concurrency  most envelopes on the wire at once
    shared       the same, of those of several people: what is on the wire cannot be stopped
    """

    def __init__(
        self,
        couriers: Mapping[str, Courier] | Iterable[Courier],
        concurrency: int = 100,
        shared: int = 4,
    ) -> None:
        listed = couriers.values() if isinstance(couriers, Mapping) else couriers
        self.couriers = {courier.name: courier for courier in listed}
        self._concurrency, self._shared = concurrency, shared
        self._open_gates()
        self._turn = threading.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def courier(self, name: str) -> Courier:
        """The courier of that name. Raises NoSuchCourier."""
        try:
            return self.couriers[name]
        except KeyError:
            known = ", ".join(sorted(self.couriers))
            raise NoSuchCourier(f"no courier {name!r} here; there are {known}") from None

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether whoever asks may take envelopes of several people in hand, until they are done.

        One thread at a time may: to open and write them is all computing, and two of one process
        would only keep each other waiting.
        """
        is_ours = self._turn.acquire(blocking=False)
        try:
            yield is_ours
        finally:
            if is_ours:
                self._turn.release()

    def send_all(
        self, items: Sequence[Item], may_go: Callable[[], bool] = lambda: True
    ) -> list[Outcome]:
        """Send each (courier name, envelope, body); outcomes in the same order. Never raises.

        Whatever fails once bytes may have left is `unknown`.

        may_go  asked in this thread, right before each envelope of several people, one after the
                other, so that one at the most leaves after the answer would be no; for single
                messages again and again while some wait for the wire, none of which goes by an
                answer older than a fifth of a second. Once it says no, what is left stays here,
                to be sent another time
        """
        queue = _Queue(may_go, sum(_is_single(envelope) for _, envelope, _ in items))
        queue.look()
        try:
            sending = self._begin(self._send_each(items, queue))
            queue.answer_until(sending)
            return sending.result()
        except RuntimeError as error:  # closing: the loop took nothing
            return [Outcome(OutcomeKind.RETRY, reason=str(error)) for _ in items]

    def look_up(self, name: str, query: AttemptQuery) -> Finding:
        """Ask a provider's records about an attempt. Raises NoSuchCourier, nothing else."""
        courier = self.courier(name)
        try:
            return self._run(self._found(courier.look_up(query)))
        except RuntimeError as error:  # closing
            return Finding(FindingKind.CANNOT_TELL, evidence=str(error))

    def new_batches(self, names: Sequence[str]) -> list[str]:
        """For each courier named, an id to cancel a call by; '' where none could be got."""
        if not names:
            return []
        try:
            return self._run(self._new_batches(names))
        except RuntimeError:  # closing
            return [""] * len(names)

    def cancel(self, name: str, batch: str) -> Finding:
        """Call back what bears the id. Raises NoSuchCourier, nothing else."""
        courier = self.courier(name)
        assert isinstance(courier, Canceller)  # noqa: S101  it gave the id
        try:
            return self._run(self._found(courier.cancel(batch)))
        except RuntimeError as error:  # closing
            return Finding(FindingKind.CANNOT_TELL, evidence=str(error))

    def close(self) -> None:
        """Stop: what is on the wire becomes `unknown`, what waits is not sent."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
        if loop is None or thread is None or not thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._wind_up(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)

    async def _send_each(self, items: Sequence[Item], queue: _Queue) -> list[Outcome]:
        tasks = [asyncio.create_task(self._gated(queue, *item)) for item in items]
        self._tasks.update(tasks)
        try:
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._tasks.difference_update(tasks)
        return [one if isinstance(one, Outcome) else _STOPPED for one in ended]

    async def _gated(self, queue: _Queue, name: str, envelope: Envelope, body: bytes) -> Outcome:
        if _is_single(envelope):
            async with self._gate:
                may_go = await queue.let_message()
                queue.waiting -= 1
                return await self._send(name, envelope, body) if may_go else _STOPPED
        async with self._shared_gate:
            async with self._asking:
                may_go = await queue.let_shared()
            return await self._send(name, envelope, body) if may_go else _STOPPED

    async def _send(self, name: str, envelope: Envelope, body: bytes) -> Outcome:
        try:
            courier = self.courier(name)
            check_mode(courier, envelope)
            if envelope.not_after is not None and time.monotonic() > envelope.not_after:
                raise Unavailable("out of time before sending")
            return await courier.send(envelope, body)
        except NotifierError as error:
            return outcome_of(error)
        except asyncio.CancelledError:
            return Outcome(OutcomeKind.UNKNOWN, reason="stopped while sending")
        except Exception as error:  # noqa: BLE001 a bug of ours may come after the wire
            return Outcome(OutcomeKind.UNKNOWN, reason=f"failed: {type(error).__name__}")

    async def _new_batches(self, names: Sequence[str]) -> list[str]:
        return await asyncio.gather(*(self._new_batch(name) for name in names))

    async def _new_batch(self, name: str) -> str:
        courier = self.courier(name)
        assert isinstance(courier, Canceller)  # noqa: S101  it declares that it cancels
        try:
            async with self._gate:
                return await courier.new_batch()
        except NotifierError:
            return ""

    async def _found(self, asked: Awaitable[Finding]) -> Finding:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 for the type checker: this runs in a task
        self._tasks.add(task)
        try:
            return await asked
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 no answer is one
            return Finding(FindingKind.CANNOT_TELL, evidence=f"{type(error).__name__}: {error}")
        finally:
            self._tasks.discard(task)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._begin(work).result()

    def _begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        with self._lock:
            if self._closed:
                work.close()
                raise RuntimeError("stopped before sending")
            return asyncio.run_coroutine_threadsafe(work, self._started())

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or self._thread is None or not self._thread.is_alive():
            self._loop = new_loop()
            self._open_gates()
            self._thread = threading.Thread(
                target=self._loop.run_forever, name="couriers", daemon=True
            )
            self._thread.start()
        return self._loop

    def _open_gates(self) -> None:
        self._gate = asyncio.Semaphore(self._concurrency)
        self._shared_gate = asyncio.Semaphore(self._shared)
        self._asking = asyncio.Lock()

    async def _wind_up(self) -> None:
        """Each cancelled task turns its own end into an outcome before the loop stops."""
        waiting = list(self._tasks)
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting, timeout=5)
        for courier in self.couriers.values():
            await courier.close()
        await asyncio.sleep(0)


def _is_single(envelope: Envelope) -> bool:
    return len(envelope.people) < 2


def new_loop() -> asyncio.AbstractEventLoop:
    """The fastest that is to be had; over TLS it also keeps far less ready for each connection."""
    try:
        import uvloop  # noqa: PLC0415  where it is not to be had, Python's own does
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def check_mode(courier: Courier, envelope: Envelope) -> None:
    """A drill goes only to what cannot reach a person. Raises Refused."""
    if envelope.mode is Mode.DRILL and courier.capabilities.live:
        raise Refused(f"a drill may not use {courier.name}: it can reach people")


def outcome_of(error: NotifierError) -> Outcome:
    """What an error says of the call that raised it."""
    if isinstance(error, Unavailable):
        wait, trouble = error.retry_after, error.trouble
        return Outcome(
            OutcomeKind.RETRY, reason=str(error), retry_after_seconds=wait, trouble=trouble
        )
    if isinstance(error, Ambiguous):
        return Outcome(OutcomeKind.UNKNOWN, reason=str(error), trouble=Trouble.FAILING)
    return Outcome(OutcomeKind.REFUSED, reason=str(error))
