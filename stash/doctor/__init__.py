"""The doctor examines, before anything is written, what a sync would meet, and proposes the next steps."""

from stash.doctor.examination import examine
from stash.doctor.findings import Diagnosis, Finding, Fix

__all__ = ["Diagnosis", "Finding", "Fix", "examine"]
