"""Where posts of providers wait to be folded: all that wait, in one transaction.

While some are being folded others come in, so the busier it is, the more are folded at once.
Only what fills a transaction of its own is folded beside another. Nobody is answered before the
commit.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from incidents.database.engine import is_sqlite
from incidents.services import receipts
from incidents.work import TOCSIN, Office
from notifiers.courier import Courier, RawRequest

# Some 20,000 events: what a fold has in memory.
_MOST_BYTES = 5_000_000
# One reads and packs while the other waits for PostgreSQL; of SQLite there is one writer.
_FOLDS, _FOLDS_SQLITE = 2, 1

_Post = tuple[RawRequest, "asyncio.Future[int]"]


class ReceiptDesk:
    """Takes in what one provider posts, with a thread for each fold; of one event loop.

    Between loop and thread goes a batch, never a single post: waking each other for each one
    took longer than the post itself.
    """

    def __init__(self, office: Office, courier: Courier) -> None:
        self._office, self._courier = office, courier
        self._waiting: deque[_Post] = deque()
        self._bytes_waiting = 0
        self._most_folds = _FOLDS_SQLITE if is_sqlite(office.engine) else _FOLDS
        self._folding: set[asyncio.Task[None]] = set()
        self._folder = ThreadPoolExecutor(self._most_folds, thread_name_prefix="receipts")

    async def take(self, request: RawRequest) -> int:
        """How many of its receipts were new; BadSignature or MalformedReceipt if it is none."""
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        self._bytes_waiting += len(request.body)
        full = self._bytes_waiting >= _MOST_BYTES and len(self._folding) < self._most_folds
        if full or not self._folding:
            self._folding.add(asyncio.create_task(self._fold_waiting()))
        return await answer

    async def _fold_waiting(self) -> None:
        try:
            while posts := self._next():
                await self._answer(posts)
        finally:  # at once, not when the loop comes round: what is posted until then would wait
            self._folding.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _answer(self, posts: Sequence[_Post]) -> None:
        loop = asyncio.get_running_loop()
        requests = [request for request, _ in posts]
        answers = await loop.run_in_executor(self._folder, self._fold, requests)
        for (_, answer), new in zip(posts, answers, strict=True):
            if answer.done():
                continue  # nobody waits any more
            if isinstance(new, int):
                answer.set_result(new)
            else:
                answer.set_exception(new)

    def _next(self) -> list[_Post]:
        posts: list[_Post] = []
        size = 0
        while self._waiting and size < _MOST_BYTES:
            request, answer = self._waiting.popleft()
            self._bytes_waiting -= len(request.body)
            if not answer.done():  # else nobody waits: it is posted again
                posts.append((request, answer))
                size += len(request.body)
        return posts

    def _fold(self, requests: Sequence[RawRequest]) -> Sequence[int | Exception]:
        """What each is told; what fails does not take the others with it."""
        try:
            return self._taken(requests)
        except Exception as error:  # noqa: BLE001  whoever waits for the answer raises it
            if len(requests) == 1:
                return [error]
            return [answer for one in requests for answer in self._fold([one])]

    def _taken(self, requests: Sequence[RawRequest]) -> Sequence[int | Exception]:
        with self._office.work(TOCSIN) as work:
            return receipts.take_in(work, self._courier, requests)
