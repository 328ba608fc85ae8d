"""What can go wrong, as sentences: what was got, what was expected, what to do."""


class BodyPixError(Exception):
    """The base of every error that this package raises on purpose."""


class SettingError(BodyPixError, ValueError):
    """A setting has a value that it cannot have."""


class ModelError(BodyPixError, RuntimeError):
    """Weights or a network cannot be had, read or trusted."""


class ProviderError(BodyPixError, RuntimeError):
    """The execution provider that was required does not run here."""


class ImageError(BodyPixError, ValueError):
    """An image is not of the kind that was expected."""


def quoted(value: object, limit: int = 200) -> str:
    """Return a value as an error text quotes it: its `repr`, of which at most `limit` characters are kept."""
    text = repr(value)
    return text if len(text) <= limit else f'{text[: limit - 3]}...'
