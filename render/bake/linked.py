"""What a page says of its picture to machines: schema.org JSON-LD, with the mark that a model made it.

It repeats what people read on the page and claims nothing more. Addresses are whole where the gallery's own is known,
else relative to the page.
"""

from __future__ import annotations

from typing import Any

ADDRESSES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
}


def linked_data(exhibit: dict[str, Any], site: dict[str, Any], base: str) -> dict[str, Any]:
    """An exhibit as a schema.org ImageObject (https://schema.org/ImageObject)."""
    home = site["address"] or base
    image = exhibit["image"]
    told = {
        "@context": "https://schema.org",
        "@type": "ImageObject",
        "identifier": exhibit["designation"],
        "name": exhibit["title"],
        "caption": exhibit["caption"],
        "inLanguage": exhibit["language"],
        "description": image["alt"],
        "contentUrl": f"{site['media'] or home + 'media/'}{image['jpeg']}" if image["jpeg"] else "",
        "url": f"{home}{exhibit['href']}",
        "width": image["width"],
        "height": image["height"],
        "license": ADDRESSES.get(site["terms"], site["terms"]),
        "acquireLicensePage": f"{home}about/",
        "creditText": site["author"] or site["title"],
        "digitalSourceType": exhibit["source_type"],
        "isPartOf": {"@type": "WebSite", "name": site["title"], "url": home},
    }
    return {name: value for name, value in told.items() if value != ""}
