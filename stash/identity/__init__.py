"""Recognise the Stash that answers: the server of earlier syncs, another one, or a restored backup."""

from stash.identity.binding import Bound, Choices, bind

__all__ = ["Bound", "Choices", "bind"]
