"""How a muscle is needled, for `tautband atlas show`: path, ceilings at each site, hazards, and what closes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tautband.atlas import Atlas
from tautband.atlas import tables as t
from tautband.cli.plan_wording import STOPS
from tautband.planning import Setting
from tautband.planning.corridor import Depth, Tightness, depth_of, gate, superficial_only
from tautband.planning.technique import LADDER

Entry = dict[str, Any]

BUILDS = {"average": Tightness(False, False), "thin or unknown": Tightness(True, True)}


def needling_entries(atlas: Atlas, muscle: str) -> list[Entry]:
    """Describe how a muscle is needled, as planning reads it; nothing where no row says how.

    `closed` at the muscle says what closes it to somebody who declares no training and no imaging, `closed` at a
    ceiling what closes that site to everyone of that build; `superficial_only` holds without imaging.
    """
    row = atlas.needling.get(muscle)
    if row is None:
        return []
    closed = gate(row, Depth(None, "", "", (), (), ()), atlas, Setting())
    ceilings = list(_ceilings(atlas, row, closed))
    over = atlas.techniques[LADDER[0]]
    return [
        {
            "risk": row.risk,
            "access": row.access,
            "closed": list(closed),
            "positions": list(row.positions),
            "position": row.position,
            "palpation": row.palpation,
            "approach": row.approach,
            "direction": row.direction,
            "stop": row.stop,
            "avoidance": row.avoidance,
            "avoidance_in_muscle": row.avoidance_in_muscle,
            "superficial": {
                "needed": _share(ceilings),
                "approach": over.approach,
                "direction": over.direction,
                "stop": over.stop,
                "sources": list(over.provenance.sources),
            },
            "ceilings": ceilings,
            "hazards": [
                {
                    "id": h.id,
                    "name": h.name,
                    "kind": h.kind,
                    "avoid": h.avoid,
                    "avoid_over_muscle": h.avoid_over_muscle,
                    **_trust(h.provenance),
                }
                for h in map(atlas.hazards.__getitem__, row.hazards)
            ],
            **_trust(row.provenance),
        }
    ]


def _ceilings(atlas: Atlas, row: t.NeedlingSite, everywhere: tuple[str, ...]) -> Iterator[Entry]:
    for point in atlas.trigger_points_of.get(row.muscle, ()):
        for build, tight in BUILDS.items():
            depth = depth_of(row, point.id, atlas, tight)
            reasons = gate(row, depth, atlas, Setting())
            trust = (
                _trust(atlas.depth_limits[depth.limits[0].id].provenance) if depth.limits else {"sources": []}
            )
            yield {
                "trigger_point": point.id,
                "build": build,
                "ceiling_mm": depth.ceiling_mm,
                "structure": depth.structure,
                "statement": depth.statement,
                "superficial_only": superficial_only(row, depth, atlas, Setting(), tight),
                "closed": [r for r in reasons if r not in everywhere],
                **trust,
            }


def _share(ceilings: list[Entry]) -> str:
    """Whether without imaging the needle has to stay over the muscle `always`, `sometimes` or `never`."""
    needed = {row["superficial_only"] for row in ceilings}
    return "sometimes" if len(needed) > 1 else "always" if needed == {True} else "never"


def _trust(provenance: t.Provenance) -> Entry:
    return {
        "confidence": provenance.confidence,
        "source_read": provenance.source_read,
        "sources": list(provenance.sources),
    }


def needling_lines(entry: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Tell a needling entry in the words of a plan: label, text, and the row whose sources stand behind it.

    Where the needle has to stay over the muscle, every line speaks of that needle and one of the guided one.
    """
    yield "risk", entry["risk"], {}
    for reason in entry["closed"]:
        yield "closed", reason, {}
    yield "position", entry["position"], {}
    over, how = entry["superficial"], entry["superficial"]["needed"]
    way = over if how == "always" else entry
    yield "hold", f"{entry['palpation']} palpation; {way['approach']}", {}
    yield "aim", f"{way['direction']}; {STOPS[way['stop']]}", {}
    if how == "always":
        guided = f"{entry['approach']}; {entry['direction']}; {STOPS[entry['stop']]}"
        yield "guided", f"only on a screen and with advanced training: {guided}", {}
    if how == "sometimes":
        yield "over it", f"where only superficial: {over['approach']}; {over['direction']}", {}
    yield from _ceiling_lines(entry["ceilings"])
    by_advice: dict[tuple[str, tuple[str, ...]], list[Mapping[str, Any]]] = {}
    for hazard in entry["hazards"]:
        avoid = hazard["avoid_over_muscle" if how == "always" else "avoid"]
        by_advice.setdefault((avoid, tuple(hazard["sources"])), []).append(hazard)
    for (avoid, _), hazards in by_advice.items():
        yield "beware", f"{', '.join(h['name'] for h in hazards)}: {avoid}", hazards[0]
    inside = "" if how == "always" else entry["avoidance_in_muscle"]
    if here := "; ".join(filter(None, (entry["avoidance"], inside))):
        yield "here", here, {}
    yield "from", "risk, position, hold, aim and here:", entry


def _ceiling_lines(ceilings: list[Entry]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """One line for the sites and builds that share a ceiling."""
    told: dict[tuple[str, ...], dict[str, list[Entry]]] = {}
    for row in ceilings:
        only = ["superficial needling only"] if row["superficial_only"] and not row["closed"] else []
        remarks = (*only, *(f"closed: {reason}" for reason in row["closed"]))
        told.setdefault((row["statement"], *remarks), {}).setdefault(row["build"], []).append(row)
    for (statement, *also), by_build in told.items():
        rows = [row for rows in by_build.values() for row in rows]
        build = "any build" if len(by_build) == len(BUILDS) else f"{next(iter(by_build))} build"
        points = dict.fromkeys(row["trigger_point"] for row in rows)
        which = "" if len(rows) == len(ceilings) else f" ({build}; {', '.join(points)})"
        text = "; ".join((statement + which, *also))
        yield "ceiling", text, rows[0] if rows[0]["sources"] else {}
