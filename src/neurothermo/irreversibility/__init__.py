"""Entropy production from recordings, one method a file."""

__all__: list[str] = []
