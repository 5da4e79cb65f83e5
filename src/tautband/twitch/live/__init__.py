"""Twitches while they happen: live sources, the analysis they feed, and how it is shown. For research and education.

Sources of Lab Streaming Layer and BrainFlow and the page need the optional extra: `pip install 'tautband[live]'`.
"""

from tautband.twitch.live.analysis import LiveAnalysis
from tautband.twitch.live.player import Player
from tautband.twitch.live.source import Block, LiveSource

__all__ = ["Block", "LiveAnalysis", "LiveSource", "Player"]
