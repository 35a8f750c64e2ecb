"""An SMTP server that takes everything and keeps nothing.

    python benchmarks/peers/smtp_sink.py

Says its port on one line. As bare as can be, so that what is measured is who sends.
"""

from __future__ import annotations

import asyncio
import signal

ANSWERS = {
    b"EHLO": b"250 sink\r\n",
    b"HELO": b"250 sink\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Sink(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._buffer, self._in_data = transport, b"", False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer each command; a message ends with a dot alone."""
        self._buffer += data
        while True:
            end = b"\r\n.\r\n" if self._in_data else b"\r\n"
            head, found, rest = self._buffer.partition(end)
            if not found:
                return
            self._buffer = rest
            self._answer(b"." if self._in_data else head[:4].upper())

    def _answer(self, verb: bytes) -> None:
        self._transport.write(ANSWERS.get(verb, b"250 ok\r\n"))
        self._in_data = verb == b"DATA"
        if verb == b"QUIT":
            self._transport.close()


async def _serve() -> None:
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await done.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
