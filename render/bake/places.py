"""Addresses that several parts of the site name, relative to its root."""

from __future__ import annotations

API = "api/v1/"
SEARCH = "search/"
EXHIBITIONS = "exhibitions/"
SHEET = 100
"""Exhibits that share a page, where they do: a budget of files may want it."""


def feeds_of(slug: str) -> dict[str, str]:
    """A collection's feeds by media type."""
    return {"application/atom+xml": f"{slug}/feed.xml", "application/feed+json": f"{slug}/feed.json"}


def exhibition_of(slug: str) -> str:
    """The address of an exhibition's page, a folder's."""
    return f"{EXHIBITIONS}{slug}/"
