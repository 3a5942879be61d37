"""nonesuch: pictures of things that do not exist, baked into a website that needs no server."""

__version__ = "0.1.0"
