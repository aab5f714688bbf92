"""Change monitor for press releases: dropped dump files in, alerts out."""

__version__ = "0.1.0"
