"""Folders of pictures that others made: what their files say, and their files for the site."""

from render.importing.pictures import ENCODER, SUFFIXES, Picture, Unread, read

__all__ = ["ENCODER", "SUFFIXES", "Picture", "Unread", "read"]
