"""The engine: from a plan to pictures on disk, in batches of one shape, with encoding off the device's thread."""
