"""Which Stash this is: the one that was synced before, another one, or one that was put back from a backup."""

from stash.identity.binding import Choices, bind

__all__ = ["Choices", "bind"]
