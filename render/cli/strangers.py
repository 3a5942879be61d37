"""Text that a stranger wrote, on a person's terminal."""


def one_line(text: str) -> str:
    """It on one line, without its control characters, which could write over what stands there."""
    return "".join(c if c.isprintable() else " " for c in text)[:300]
