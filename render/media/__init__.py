"""Pictures and loops to files: encoded once from the renderer's own pixels, stored under their content's hash."""

from render.media.films import Reel, sweep
from render.media.images import Encoded, data_of_master, encode_image, neighbour_media, sketch_media
from render.media.opening import open_store
from render.media.signing import signed
from render.media.store import Store
from render.media.surfaces import encode_surface, globes
from render.media.swirl import film_frames
from render.media.walks import encode_walk

__all__ = [
    "Encoded",
    "Reel",
    "Store",
    "data_of_master",
    "encode_image",
    "encode_surface",
    "encode_walk",
    "film_frames",
    "globes",
    "neighbour_media",
    "open_store",
    "signed",
    "sketch_media",
    "sweep",
]
