"""What a finished run shows: its pictures beside JPEG's."""

from tfcomp.families.demonstration import make

__all__ = ["make"]
