"""What the maker does in the morning: a local page where the night's exhibits are starred, hidden, named and hung."""

from render.curating.desk import Desk

__all__ = ["Desk"]
