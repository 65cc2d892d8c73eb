"""Looks: a run compares the present with what an earlier run looked at, and leaves alone what is the same."""

from stash.look.answer import Answer, Mark, ask, question
from stash.look.look import Look, SourceState

__all__ = ["Answer", "Look", "Mark", "SourceState", "ask", "question"]
