"""The error a user of the twitch room may see."""

from __future__ import annotations

from tautband.errors import TautbandError


class TwitchError(TautbandError):
    """A recording or a stream cannot be used as it stands."""
