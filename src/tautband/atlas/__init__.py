"""The atlas: regions, muscles, trigger points, look-alikes, acupoints, questions and red flags, every row sourced."""

from tautband.atlas.atlas import Atlas

__all__ = ["Atlas"]
