"""SIGINT and SIGTERM: from the first moment on they end a command in order. Imports nothing that is slow."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

BOTH = (signal.SIGINT, signal.SIGTERM)


class Signalled(BaseException):
    """A signal arrived, and the work has ended because of it."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number.name)
        self.number = number

    @property
    def exit_code(self) -> int:
        """The code that shells give for the signal: 130 or 143."""
        return 128 + self.number

    def __str__(self) -> str:
        """The sentence for the user."""
        what = "Interrupted" if self.number is signal.SIGINT else "Terminated"
        return f"{what}; what was done is remembered, run again to go on."


def heed() -> None:
    """From now on either signal raises `Signalled`, wherever the program is."""
    for number in BOTH:
        signal.signal(number, _raise)


def hold() -> None:
    """The last word is being said: from now on both signals are too late."""
    for number in BOTH:
        if signal.getsignal(number) is _raise:
            signal.signal(number, signal.SIG_IGN)


def _raise(number: int, _frame: FrameType | None) -> None:
    raise Signalled(signal.Signals(number))
