"""Writing to the catalogue: small, typed steps, committed in groups.

Order matters: a file is durable under its final name before a row names it. So a row can be lost when the machine stops
(at most 64 exhibits or 2 seconds of work, which the next run makes again), but none ever promises what is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from render.catalogue.changing import Changing
from render.catalogue.rows import COLUMNS, Exhibit, Json, Medium, Run, as_text, to_row
from render.errors import NonesuchError
from render.recipe import Recipe

_INSERT = (
    f"INSERT INTO exhibits ({', '.join(COLUMNS)}) VALUES ({', '.join(':' + name for name in COLUMNS)}) "
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in COLUMNS if n not in ('id', 'number'))} "
    "WHERE exhibits.state IN ('failed', 'retired') OR "
    "(exhibits.state = 'rendered' AND NOT EXISTS (SELECT 1 FROM media WHERE exhibit = exhibits.id))"
)
_NUMBER = """
UPDATE exhibits SET number = given.number FROM (
  SELECT id, row_number() OVER (ORDER BY ordinal)
    + (SELECT ifnull(max(number), 0) FROM exhibits WHERE collection = :collection AND kind = :kind) AS number
  FROM exhibits WHERE collection = :collection AND kind = :kind AND state = 'rendered' AND number IS NULL
    AND (:unchecked OR evidence IS NOT NULL) AND (:unnamed OR classes IS NOT NULL)
) AS given WHERE exhibits.id = given.id
"""
_OTHER = """
UPDATE exhibits SET state = 'other-class', reason = 'asked for ' || asked || ', found ' || found
WHERE collection = :collection AND kind = 'image' AND state = 'rendered' AND number IS NULL
  AND asked IS NOT NULL AND found IS NOT NULL AND found != asked
RETURNING id
"""
_KEEP = """
INSERT INTO exhibits (id, collection, ordinal, slug, recipe, number, reason, kind, state)
VALUES (?, ?, ?, ?, ?, ?, ?, 'walk', 'retired')
ON CONFLICT (id) DO UPDATE SET number = excluded.number, slug = excluded.slug
"""


class Catalogue(Changing):
    """A gallery's catalogue, with a step for everything that becomes known of an exhibit."""

    def rendered(self, exhibit: Exhibit, media: Iterable[Medium]) -> None:
        """A new exhibit whose files are durable. Takes the place of the same recipe's failure, loss or retirement.

        Raises NonesuchError when the catalogue already has the exhibit, or another one at its ordinal.
        """
        self._add(exhibit, media)

    def joined(self, exhibit: Exhibit, media: Iterable[Medium]) -> None:
        """An exhibit of another gallery with all that is known of it, its files durable here; as `rendered`."""
        self._add(exhibit, media)

    def joined_run(self, run: Run) -> int:
        """A run of another gallery; returns its number in this one."""
        with self._change():
            values = (run.started, run.ended, as_text(run.ledger))
            return int(
                self.db.execute("INSERT INTO runs (started, ended, ledger) VALUES (?, ?, ?)", values).lastrowid or 0
            )

    def failed(
        self,
        recipe: Recipe,
        collection: str,
        ordinal: int,
        reason: str,
        attempts: int = 1,
        run: int | None = None,
        slug: str | None = None,
    ) -> None:
        """An exhibit that could not be made: it keeps its place, with the reason, and further seeds are drawn."""
        exhibit = Exhibit(recipe, collection, ordinal, "failed", reason=reason, attempts=attempts, run=run, slug=slug)
        self._add(replace(exhibit, made_at=now(), asked=recipe.class_name), ())

    def encoded_again(self, exhibit: Exhibit, media: Iterable[Medium]) -> None:
        """Other files of the same recipe, durable: they take the place of the earlier ones, and all else stays."""
        made = ("run", "made_at", "device", "precision", "batch_shape", "versions", "seconds")
        row = to_row(exhibit)
        with self._change():
            self._set(exhibit.id, **{name: row[name] for name in (*made, "pixel_hash", "perceptual_hash", "display")})
            self.db.execute("DELETE FROM media WHERE exhibit = ?", (exhibit.id,))
            self._media(exhibit.id, media)

    def classified(self, identity: str, found: str | None, classes: Json, measurements: Json) -> None:
        """What the classifier found, and what was measured. Texts that knew nothing of it are to be written anew."""
        with self._change():
            told = {"classes": as_text(classes), "measurements": as_text(measurements)}
            self._set(identity, found=found, texts=None, **told)

    def checked(
        self, identity: str, evidence: Json, media: Iterable[Medium] = (), near_copy: str | None = None
    ) -> None:
        """The evidence. near_copy: the reason why the exhibit is left out, or None when it may be shown."""
        with self._change():
            self._set(identity, evidence=as_text(evidence))
            if near_copy is not None:
                self._set(identity, state="near-copy", reason=near_copy)
            self._media(identity, media)

    def captioned(self, identity: str, texts: Json) -> None:
        """The exhibit's texts."""
        with self._change():
            self._set(identity, texts=as_text(texts))

    def other_class(self, collection: str) -> int:
        """Leave out the images without a number in which another class was found than was asked for; returns how many.

        Their files are no longer named; `nonesuch gc` deletes them.
        """
        with self._change():
            left_out = [row[0] for row in self.db.execute(_OTHER, {"collection": collection}).fetchall()]
            self.db.executemany("DELETE FROM media WHERE exhibit = ?", ((identity,) for identity in left_out))
        return len(left_out)

    def give_numbers(self, collection: str, kind: str = "image", unchecked: bool = False, unnamed: bool = True) -> int:
        """Numbers, in order of ordinal, for what has passed the evidence stage (unchecked: for everything rendered).

        unnamed: whether also for what has no class yet.

        Returns how many were given. They go on from the largest that was ever given in the series.
        """
        values = {"collection": collection, "kind": kind, "unchecked": unchecked, "unnamed": unnamed}
        with self._change():
            return self.db.execute(_NUMBER, values).rowcount

    def show(self, identities: Iterable[str]) -> None:
        """Numbered exhibits take their place on the site."""
        for identity in identities:
            with self._change():
                self._set(identity, state="shown")

    def removed(self, identity: str, reason: str) -> None:
        """Take an exhibit off the site for good: a tombstone stays, with its number, recipe and reason.

        Its files are no longer named; `nonesuch gc` deletes them.
        """
        with self._change():
            self._off(identity, state="removed", reason=reason)

    def retired(self, identity: str, reason: str) -> None:
        """A walk that ``gallery.toml`` no longer asks for: as if removed, but it may come back."""
        with self._change():
            self._off(identity, state="retired", reason=reason)

    def succeeded(self, identity: str, successor: str, reason: str) -> None:
        """A walk gives way to its next version, which takes over its number, and at once its place on the site."""
        query = "SELECT number, iif(state = 'shown', state, 'rendered') FROM exhibits WHERE id = ?"
        with self._change():
            number, state = self.db.execute(query, (identity,)).fetchone()
            self._off(identity, state="retired", reason=reason, number=None)
            self._set(successor, number=number, state=state)

    def moved(self, identity: str, collection: str, ordinal: int, slug: str) -> None:
        """A walk goes to another collection with its films. Its number stays with its name where it was: a retired row
        keeps it, so that no other walk is ever given that address.
        """
        query = "SELECT collection, ordinal, slug, recipe, number, state FROM exhibits WHERE id = ?"
        with self._change():
            *before, number, state = self.db.execute(query, (identity,)).fetchone()
            self._set(identity, state="retired", number=None, texts=None)
            going = {"collection": collection, "ordinal": ordinal, "slug": slug}
            self._set(identity, state="rendered" if state == "shown" else state, **going)
            if number is not None:
                reason = f"gallery.toml has this walk in '{collection}' now"
                self.db.execute(_KEEP, (f"{identity}/{before[0]}", *before, number, reason))

    def named(self, identity: str, slug: str) -> None:
        """A walk's name in ``gallery.toml``, which may change while its recipe does not."""
        with self._change():
            self._set(identity, slug=slug)

    def renamed(self, collection: str, name: str) -> int:
        """A collection gets another slug, with all that is known of it; returns how many exhibits that concerns.

        Raises NonesuchError when exhibits stand under that slug already.
        """
        with self._change():
            if self.db.execute("SELECT 1 FROM exhibits WHERE collection = ? LIMIT 1", (name,)).fetchone():
                raise NonesuchError(f"the catalogue has exhibits of '{name}' already: choose another slug.")
            self.db.execute("UPDATE OR REPLACE figures SET collection = ? WHERE collection = ?", (name, collection))
            return self.db.execute(
                "UPDATE exhibits SET collection = ? WHERE collection = ?", (name, collection)
            ).rowcount

    def forget(self, identity: str) -> None:
        """Delete a row, so that the recipe can be tried again. Raises NonesuchError for one that has a number."""
        with self._change():
            self.db.execute("DELETE FROM exhibits WHERE id = ?", (identity,))

    def lost(self, identity: str) -> None:
        """An exhibit whose files are gone or damaged: it leaves the site until its recipe is rendered again.

        Its number stays its own.
        """
        with self._change():
            self._set(identity, state="rendered")
            self.db.execute("DELETE FROM media WHERE exhibit = ?", (identity,))

    def figure(self, collection: str, name: str, value: Json) -> None:
        """What is known of a collection as a whole; takes the place of what stood under that name."""
        with self._change():
            self.db.execute("INSERT OR REPLACE INTO figures VALUES (?, ?, ?)", (collection, name, as_text(value)))

    def looked(self, identity: str, picture: str, features: bytes) -> None:
        """How the file of that key looks; the exhibit has no place on the map until it is `placed`."""
        with self._change():
            self.db.execute(
                "INSERT OR REPLACE INTO looks (exhibit, picture, features) VALUES (?, ?, ?)",
                (identity, picture, features),
            )

    def placed(self, identity: str, place: bytes, x: float, y: float, fitted: bool) -> None:
        """Where an exhibit lies in its collection's index and on its map."""
        with self._change():
            values = (place, x, y, fitted, identity)
            self.db.execute("UPDATE looks SET place = ?, x = ?, y = ?, fitted = ? WHERE exhibit = ?", values)

    def unplaced(self, collection: str) -> None:
        """Nothing of a collection has a place any more: its chart is fitted anew."""
        query = (
            "UPDATE looks SET place = NULL, x = NULL, y = NULL, fitted = 0 "
            "WHERE exhibit IN (SELECT id FROM exhibits WHERE collection = ?)"
        )
        with self._change():
            self.db.execute(query, (collection,))

    def begin_run(self) -> int:
        """A run starts; returns its number. Committed at once."""
        with self._change():
            number = self.db.execute("INSERT INTO runs (started) VALUES (?)", (now(),)).lastrowid
        self.commit()
        return int(number or 0)

    def end_run(self, run: int, ledger: Json) -> None:
        """A run has ended, with where its time went. Committed at once."""
        with self._change():
            self.db.execute("UPDATE runs SET ended = ?, ledger = ? WHERE id = ?", (now(), as_text(ledger), run))
        self.commit()

    def _add(self, exhibit: Exhibit, media: Iterable[Medium]) -> None:
        with self._change():
            if self.db.execute(_INSERT, to_row(exhibit)).rowcount == 0:
                raise NonesuchError(f"the catalogue already has exhibit {exhibit.id}.")
            self._media(exhibit.id, media)

    def _off(self, identity: str, **columns: Any) -> None:
        """Off the site: what the stages found goes, and so do the names of the files."""
        gone = dict.fromkeys(("found", "classes", "measurements", "evidence", "texts", "display"))
        self._set(identity, **gone, **columns)
        self.db.execute("DELETE FROM media WHERE exhibit = ?", (identity,))


def now() -> str:
    """UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
