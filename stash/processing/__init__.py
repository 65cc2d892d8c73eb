"""The processing package: five mixins, combined into `StashProcessing`."""

from stash.processing.stash_processing import StashProcessing

__all__ = ["StashProcessing"]
