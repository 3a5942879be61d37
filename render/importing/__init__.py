"""Folders of pictures that others made: what their files say, and their files for the site.

Nothing is imported here: `render.importing.memory`, by which a command sees that nothing changed, needs no Pillow.
"""
