"""The doctor: says, before anything is written, what a sync would meet and what to do about it."""

from stash.doctor.examination import examine
from stash.doctor.findings import Diagnosis, Finding, Fix

__all__ = ["Diagnosis", "Finding", "Fix", "examine"]
