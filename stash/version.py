"""The version, in the one place that needs no installed package: it is part of a digest, too."""

__version__ = "0.1.0"
