"""The lab: models compared on the same pictures. Which family, how large, how long?

A *cell* is one training of a sweep; a *stop* is one of its checkpoints: a weights folder, the pictures that it makes of
the lab's own seeds, and its figures. What all cells came to is the *finished* lab, which the bake makes a page of.
"""
