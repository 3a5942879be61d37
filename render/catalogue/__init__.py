"""The catalogue: one SQLite file that says what every exhibit is and how far it has come. One writer at a time.

`Catalogue(path)` reads, `Catalogue(path, write=True)` also writes and holds the gallery lock. A row says that something
is done only after the files that it names are durable; commits are grouped.
"""

from render.catalogue.database import FILE
from render.catalogue.lock import gallery_lock
from render.catalogue.rows import Exhibit, Known, Medium, Run, State
from render.catalogue.writing import Catalogue

__all__ = ["FILE", "Catalogue", "Exhibit", "Known", "Medium", "Run", "State", "gallery_lock"]
