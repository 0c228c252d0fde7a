"""The one exception for a user's mistake."""


class InputError(ValueError):
    """An argument is not what it must be; the message names it and says what was expected."""
