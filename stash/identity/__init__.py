"""Recognise a Stash: the server of earlier syncs, another one, or one that was restored from a backup."""

from stash.identity.binding import Choices, bind

__all__ = ["Choices", "bind"]
