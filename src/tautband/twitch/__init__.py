"""Local twitch responses in EMG, recorded or live: detected, measured and dosed. For research and education.

Needs the optional extra: `pip install 'tautband[twitch]'`. No other room imports this one.
"""

from tautband.twitch.accelerometer import (
    AccelerometerMonitor,
    Agreement,
    Mechanical,
    MechanicalTwitch,
    agreement,
    mechanical,
    write_mechanical,
)
from tautband.twitch.analysis import Analysis, analyse, detect, write_analysis
from tautband.twitch.cohort import Cohort, cohort, write_cohort
from tautband.twitch.cohort_plot import cohort_plot
from tautband.twitch.dose import Dose, dose, plateau_posterior
from tautband.twitch.endplate import EndPlate, end_plate, write_end_plate
from tautband.twitch.errors import TwitchError
from tautband.twitch.events import Candidate, Rejected, Twitch
from tautband.twitch.monitor import TwitchMonitor
from tautband.twitch.plot import twitch_plot
from tautband.twitch.several import Several, together, write_several

__all__ = [
    "AccelerometerMonitor",
    "Agreement",
    "Analysis",
    "Candidate",
    "Cohort",
    "Dose",
    "EndPlate",
    "Mechanical",
    "MechanicalTwitch",
    "Rejected",
    "Several",
    "Twitch",
    "TwitchError",
    "TwitchMonitor",
    "agreement",
    "analyse",
    "cohort",
    "cohort_plot",
    "detect",
    "dose",
    "end_plate",
    "mechanical",
    "plateau_posterior",
    "together",
    "twitch_plot",
    "write_analysis",
    "write_cohort",
    "write_end_plate",
    "write_mechanical",
    "write_several",
]
