"""Where posts of providers wait to be folded: all that wait, in one transaction.

While some are being folded others come in, so the busier it is, the more are folded at once,
and two folds of one campaign never wait for each other. Nobody is answered before the commit.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from incidents.services import receipts
from incidents.work import TOCSIN, Office
from notifiers.courier import Courier, RawRequest

# Some 5,000 events: what is in memory at once.
_MOST_BYTES = 1_500_000

_Post = tuple[RawRequest, "Future[int]"]


class ReceiptDesk:
    """Takes in what one provider posts, with one thread."""

    def __init__(self, office: Office, courier: Courier) -> None:
        self._office, self._courier = office, courier
        self._waiting: deque[_Post] = deque()
        self._folder = ThreadPoolExecutor(1, thread_name_prefix="receipts")

    def take(self, request: RawRequest) -> "Future[int]":
        """How many of its receipts were new; BadSignature or MalformedReceipt if it is none."""
        answer: Future[int] = Future()
        self._waiting.append((request, answer))
        self._folder.submit(self._fold_waiting)
        return answer

    def _fold_waiting(self) -> None:
        posts = self._next()
        if not posts:
            return  # taken with those before
        try:
            self._fold(posts)
        except Exception:  # noqa: BLE001 each hears its own, below
            for post in posts:  # what fails must not take the others with it
                self._fold_alone(post)

    def _next(self) -> list[_Post]:
        posts: list[_Post] = []
        size = 0
        while self._waiting and size < _MOST_BYTES:
            request, answer = self._waiting.popleft()
            if answer.set_running_or_notify_cancel():  # else nobody waits: it is posted again
                posts.append((request, answer))
                size += len(request.body)
        return posts

    def _fold(self, posts: Sequence[_Post]) -> None:
        with self._office.work(TOCSIN) as work:
            taken = receipts.take_in(work, self._courier, [request for request, _ in posts])
        for (_, answer), new in zip(posts, taken, strict=True):
            if isinstance(new, int):
                answer.set_result(new)
            else:
                answer.set_exception(new)

    def _fold_alone(self, post: _Post) -> None:
        try:
            self._fold([post])
        except Exception as error:  # noqa: BLE001 whoever waits for the answer raises it
            post[1].set_exception(error)
