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


def shorten(text: str, limit: int = 200) -> str:
    """Return a text of at most `limit` characters: the middle of a longer one is left out."""
    if len(text) <= limit:
        return text
    half = (limit - 5) // 2
    return f'{text[:half]} ... {text[-half:]}'


def describe_error(error: BaseException) -> str:
    """Return an error as a sentence: its own where it is one of this package, else its type and text, shortened."""
    if isinstance(error, BodyPixError):
        return str(error)
    return shorten(f'{type(error).__name__}: {error}'.removesuffix(': '), 500)
