"""Where posts of providers wait to be folded: all that wait, in one transaction.

While some are being folded others come in, so the busier it is, the more are folded at once,
and two folds of one campaign never wait for each other. Nobody is answered before the commit.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from incidents.services import receipts
from incidents.work import TOCSIN, Office
from notifiers.courier import Courier, RawRequest

# Some 5,000 events: what is in memory at once.
_MOST_BYTES = 1_500_000

_Post = tuple[RawRequest, "asyncio.Future[int]"]


class ReceiptDesk:
    """Takes in what one provider posts, with one thread; of one event loop.

    Between loop and thread goes a batch, never a single post: waking each other for each one
    took longer than the post itself.
    """

    def __init__(self, office: Office, courier: Courier) -> None:
        self._office, self._courier = office, courier
        self._waiting: deque[_Post] = deque()
        self._folding: asyncio.Task[None] | None = None
        self._folder = ThreadPoolExecutor(1, thread_name_prefix="receipts")

    async def take(self, request: RawRequest) -> int:
        """How many of its receipts were new; BadSignature or MalformedReceipt if it is none."""
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        if self._folding is None or self._folding.done():
            self._folding = asyncio.create_task(self._fold_waiting())
        return await answer

    async def _fold_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        while posts := self._next():
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
