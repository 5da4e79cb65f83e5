"""The errors a user may see: one clear line that names the field, the value and the mend."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class TautbandError(Exception):
    """Base of every error that is the input's fault, never ours; its text is one line for a person."""


class AtlasError(TautbandError):
    """The atlas data cannot be used as it stands."""


class CaseError(TautbandError):
    """A case cannot be used as it stands."""


class DrawingError(CaseError):
    """The drawing of a case cannot be used as it stands."""


def nearest(value: object, valid: Iterable[str]) -> str:
    """Name the valid choice nearest to `value`, as the end of an error line.

    Parameters
    ----------
    value
        What was given.
    valid
        The choices that would have been accepted.

    Returns
    -------
    str
        `"; did you mean 'temple'?"`, or the choices themselves when they are few, or an empty string.
    """
    choices = sorted(valid)
    close = get_close_matches(str(value).lower(), choices, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; choose one of {', '.join(choices)}" if 0 < len(choices) <= 12 else ""
