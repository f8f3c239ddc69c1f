"""How long the server waits for a request to be whole: a connection that stays half-sent holds nothing for long."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 20.0
"""Seconds from the connection, or the first byte of a later request, to the end of its headers; then of its body."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, and a connection is closed whose headers do not come in time.

    uvicorn times only how long a connection stays idle after an answer. Bytes that trickle in start no time anew.
    """

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._late = self.loop.call_later(PATIENCE, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Take bytes; begin to wait where they are a part of the next request's headers, end where they are whole."""
        super().data_received(data)
        if not self._half_sent():
            self._wait_no_more()
        elif self._late is None:
            self._late = self.loop.call_later(PATIENCE, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _half_sent(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
        self._late = None

    def _give_up(self) -> None:
        if self._half_sent():
            self.transport.close()
