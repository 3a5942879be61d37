"""The catalogue's tables, as numbered migrations: the n-th brings a file of version n - 1 to version n.

A migration that was released is never changed; another is added. JSON columns hold canonical text (sorted keys).

exhibits: one row for every recipe that was ever tried. `ordinal` is its place in the collection's endless sequence of
recipes; `number` is its designation, given once and never again (one series of numbers for images and one for walks, in
every collection). The two triggers keep that promise even against a mistake in this program. `slug` is a walk's name in
``gallery.toml``: its number belongs to that name, and goes from an older version to the next.
media: the files of an exhibit, by role; `position` tells files of the same role apart (an exhibit's real neighbours).
runs: when something was made, and where the time went.
"""

from __future__ import annotations

APPLICATION_ID = 0x4E4F4E45
"""'NONE': marks the file as ours in its header."""

FIRST = """
CREATE TABLE exhibits (
  id               TEXT PRIMARY KEY,
  collection       TEXT NOT NULL,
  kind             TEXT NOT NULL CHECK (kind IN ('image', 'walk')),
  ordinal          INTEGER NOT NULL CHECK (ordinal >= 0),
  number           INTEGER CHECK (number >= 1),
  state            TEXT NOT NULL CHECK (state IN ('rendered', 'shown', 'near-copy', 'failed', 'removed')),
  reason           TEXT,
  attempts         INTEGER NOT NULL DEFAULT 1,
  run              INTEGER REFERENCES runs (id),
  recipe           TEXT NOT NULL,
  made_at          TEXT,
  device           TEXT,
  precision        TEXT,
  batch_shape      TEXT,
  versions         TEXT,
  seconds          REAL,
  pixel_hash       TEXT,
  perceptual_hash  TEXT,
  asked            TEXT,
  found            TEXT,
  classes          TEXT,
  measurements     TEXT,
  evidence         TEXT,
  texts            TEXT,
  display          TEXT,
  UNIQUE (collection, kind, ordinal),
  UNIQUE (collection, kind, number),
  CHECK (state != 'shown' OR number IS NOT NULL)
) STRICT;

CREATE INDEX exhibits_by_state ON exhibits (collection, kind, state, ordinal);

CREATE TABLE media (
  exhibit   TEXT NOT NULL REFERENCES exhibits (id) ON DELETE CASCADE,
  role      TEXT NOT NULL,
  position  INTEGER NOT NULL DEFAULT 0,
  width     INTEGER NOT NULL,
  height    INTEGER NOT NULL,
  format    TEXT NOT NULL,
  key       TEXT NOT NULL,
  bytes     INTEGER NOT NULL,
  sha256    TEXT NOT NULL,
  PRIMARY KEY (exhibit, role, position, width, format)
) STRICT, WITHOUT ROWID;

CREATE INDEX media_by_key ON media (key, role);

CREATE TABLE runs (
  id       INTEGER PRIMARY KEY,
  started  TEXT NOT NULL,
  ended    TEXT,
  ledger   TEXT
) STRICT;

CREATE TRIGGER numbers_are_never_reused BEFORE DELETE ON exhibits WHEN OLD.number IS NOT NULL
BEGIN SELECT raise(ABORT, 'an exhibit that has a number is removed by its state, not by deleting its row'); END;

CREATE TRIGGER numbers_never_change BEFORE UPDATE OF number ON exhibits
WHEN OLD.number IS NOT NULL AND NEW.number IS NOT OLD.number
BEGIN SELECT raise(ABORT, 'a number never changes'); END;
"""

SECOND = """
CREATE TABLE named (
  id               TEXT PRIMARY KEY,
  collection       TEXT NOT NULL,
  kind             TEXT NOT NULL CHECK (kind IN ('image', 'walk')),
  slug             TEXT,
  ordinal          INTEGER NOT NULL CHECK (ordinal >= 0),
  number           INTEGER CHECK (number >= 1),
  state            TEXT NOT NULL
                   CHECK (state IN ('rendered', 'shown', 'near-copy', 'failed', 'removed', 'retired')),
  reason           TEXT,
  attempts         INTEGER NOT NULL DEFAULT 1,
  run              INTEGER REFERENCES runs (id),
  recipe           TEXT NOT NULL,
  made_at          TEXT,
  device           TEXT,
  precision        TEXT,
  batch_shape      TEXT,
  versions         TEXT,
  seconds          REAL,
  pixel_hash       TEXT,
  perceptual_hash  TEXT,
  asked            TEXT,
  found            TEXT,
  classes          TEXT,
  measurements     TEXT,
  evidence         TEXT,
  texts            TEXT,
  display          TEXT,
  UNIQUE (collection, kind, ordinal),
  UNIQUE (collection, kind, number),
  CHECK (state != 'shown' OR number IS NOT NULL)
) STRICT;

INSERT INTO named SELECT id, collection, kind, NULL, ordinal, number, state, reason, attempts, run, recipe, made_at,
  device, precision, batch_shape, versions, seconds, pixel_hash, perceptual_hash, asked, found, classes, measurements,
  evidence, texts, display FROM exhibits;
DROP TABLE exhibits;
ALTER TABLE named RENAME TO exhibits;

CREATE INDEX exhibits_by_state ON exhibits (collection, kind, state, ordinal);

CREATE TRIGGER numbers_are_never_reused BEFORE DELETE ON exhibits WHEN OLD.number IS NOT NULL
BEGIN SELECT raise(ABORT, 'an exhibit that has a number is removed by its state, not by deleting its row'); END;

CREATE TRIGGER numbers_never_change BEFORE UPDATE OF number ON exhibits
WHEN OLD.number IS NOT NULL AND NEW.number IS NOT OLD.number
  AND NOT (OLD.kind = 'walk' AND NEW.number IS NULL AND NEW.state = 'retired')
BEGIN SELECT raise(ABORT, 'a number never changes'); END;
"""
"""Walks have names, and a state for those that ``gallery.toml`` asks for no longer.

SQLite cannot change a CHECK, so the table is written anew; foreign keys must be off meanwhile, or the files' rows would
go with the old table.
"""

THIRD = """
CREATE TABLE figures (
  collection  TEXT NOT NULL,
  name        TEXT NOT NULL,
  value       TEXT NOT NULL,
  PRIMARY KEY (collection, name)
) STRICT, WITHOUT ROWID;
"""
"""What is known of a collection as a whole, as JSON under a name."""

FOURTH = SECOND.replace("'retired')),", "'retired', 'other-class')),").replace(
    "kind, NULL, ordinal", "kind, slug, ordinal"
)
"""A state for images in which another class was found than was asked for; again the table is written anew."""

FIFTH = """
CREATE TABLE looks (
  exhibit   TEXT PRIMARY KEY REFERENCES exhibits (id) ON DELETE CASCADE,
  picture   TEXT NOT NULL,
  features  BLOB NOT NULL,
  place     BLOB,
  x         REAL,
  y         REAL,
  fitted    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
"""
"""How exhibits look: of which file (`picture`, a key), the numbers of `render.atlas.look` as float32, and what the
collection's chart makes of them: the place in its index (16 signed bytes) and on its map. fitted: whether the chart was
fitted to it; such a row stays when its exhibit leaves the site, because others were placed beside it.
"""

MIGRATIONS: tuple[str, ...] = (FIRST, SECOND, THIRD, FOURTH, FIFTH)
VERSION = len(MIGRATIONS)
