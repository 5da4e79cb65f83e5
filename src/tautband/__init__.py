"""tautband: from "where does it hurt?" to a safe, dosed, documented needling session."""

__version__ = "0.1.0"
