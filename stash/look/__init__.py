"""What a run looked at, so that the next run looks only at what may have changed."""

from stash.look.answer import Answer, Mark, ask, question
from stash.look.look import Look, SourceState

__all__ = ["Answer", "Look", "Mark", "SourceState", "ask", "question"]
