"""The atlas: what is where and what is known about it, immutable, with a version that is its content's digest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from tautband.atlas import tables as t
from tautband.atlas.load import (
    TABLES,
    RowChange,
    build_rows,
    compare_tables,
    digest,
    lay_over,
    overlay_tables,
    shipped_tables,
)

Row = TypeVar("Row")


def group_by(rows: Iterable[Row], key: Callable[[Row], str]) -> Mapping[str, tuple[Row, ...]]:
    """Group rows by a key, keeping their order."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return MappingProxyType({k: tuple(v) for k, v in groups.items()})


@dataclass(frozen=True, eq=False)
class Atlas:
    """Every table of the atlas as frozen rows, keyed where a row has an id.

    Two atlases are equal when their content is: `version` is the first 16 hexadecimal digits of a SHA-256 over
    all cells, so an assessment that names it can be replayed.
    """

    version: str
    sources: Mapping[str, t.Source]
    aliases: tuple[t.Alias, ...]
    regions: Mapping[str, t.Region]
    region_neighbours: tuple[t.Neighbour, ...]
    muscles: Mapping[str, t.Muscle]
    muscle_names: tuple[t.MuscleName, ...]
    muscle_groups: Mapping[str, t.MuscleGroup]
    trigger_points: Mapping[str, t.TriggerPoint]
    referrals: tuple[t.Referral, ...]
    lookalikes: Mapping[str, t.LookAlike]
    lookalike_names: tuple[t.LookAlikeName, ...]
    lookalike_regions: tuple[t.LookAlikeRegion, ...]
    acupoints: Mapping[str, t.Acupoint]
    channels: Mapping[str, t.Channel]
    channel_names: tuple[t.ChannelName, ...]
    channel_regions: tuple[t.ChannelRegion, ...]
    course_branches: tuple[t.CourseBranch, ...]
    correspondence: tuple[t.Correspondence, ...]
    bcun: Mapping[str, t.BCun]
    landmarks: Mapping[str, t.Landmark]
    bcun_landmarks: Mapping[str, t.BCunLandmarks]
    limb_segments: Mapping[str, t.LimbSegment]
    surface_points: tuple[t.SurfacePoint, ...]
    point_cautions: Mapping[str, t.PointCaution]
    questions: Mapping[str, t.Question]
    answers: tuple[t.Answer, ...]
    answer_strengths: tuple[t.AnswerStrength, ...]
    accuracy: Mapping[str, t.Accuracy]
    red_flags: Mapping[str, t.RedFlag]
    red_flag_causes: tuple[t.RedFlagCause, ...]
    palpation_signs: Mapping[str, t.PalpationSign]
    palpation_lookalikes: tuple[t.PalpationLookAlike, ...]
    prevalence: tuple[t.Prevalence, ...]
    complaint_regions: tuple[t.ComplaintRegion, ...]
    widespread_areas: tuple[t.WidespreadArea, ...]
    model: Mapping[str, t.ModelParameter]
    hazards: Mapping[str, t.Hazard]
    needling: Mapping[str, t.NeedlingSite]
    depth_limits: Mapping[str, t.DepthLimit]
    contraindications: Mapping[str, t.Contraindication]
    screening_answers: tuple[t.ScreeningAnswer, ...]
    adverse_events: tuple[t.AdverseEvent, ...]
    techniques: Mapping[str, t.Technique]
    technique_parameters: tuple[t.TechniqueParameter, ...]
    needle_sizes: Mapping[str, t.NeedleSize]
    aftercare: Mapping[str, t.Aftercare]
    adjuncts: tuple[t.Adjunct, ...]
    jurisdictions: tuple[t.JurisdictionRule, ...]
    planning_rules: Mapping[str, t.PlanningRule]
    segments: Mapping[str, t.Segment]
    vocabularies: tuple[t.VocabularyTerm, ...]

    @classmethod
    def load(cls, overlay: Path | str | None = None) -> Atlas:
        """Load the atlas that comes with tautband, with a directory of the user's own laid over it.

        Parameters
        ----------
        overlay
            A directory of CSV files named and headed as the shipped ones; a row whose key exists replaces it, a
            new key is added.

        Raises
        ------
        AtlasError
            If any row, shipped or laid over, breaks its table's rules.
        """
        raw = shipped_tables()
        if overlay is not None:
            raw = lay_over(raw, overlay_tables(Path(overlay)))
        rows = build_rows(raw)
        keyed = {f.name for f in fields(cls) if str(f.type).startswith("Mapping")}
        content: dict[str, Any] = {
            name: MappingProxyType({getattr(row, TABLES[name][1][0]): row for row in table})
            if name in keyed
            else table
            for name, table in rows.items()
        }
        return cls(version=digest(raw), **content)

    @staticmethod
    def diff(overlay: Path | str) -> tuple[RowChange, ...]:
        """Report what a directory of the user's own adds to the shipped atlas and what it replaces."""
        return compare_tables(shipped_tables(), overlay_tables(Path(overlay)))

    def __hash__(self) -> int:
        return hash(self.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Atlas) and other.version == self.version

    def __repr__(self) -> str:
        return (
            f"Atlas(version={self.version!r}, {len(self.muscles)} muscles, {len(self.trigger_points)} trigger "
            f"points, {len(self.lookalikes)} look-alikes, {len(self.acupoints)} acupoints)"
        )

    @cached_property
    def referrals_of(self) -> Mapping[str, tuple[t.Referral, ...]]:
        """Referral rows by trigger point."""
        return group_by(self.referrals, lambda r: r.trigger_point)

    @cached_property
    def trigger_points_of(self) -> Mapping[str, tuple[t.TriggerPoint, ...]]:
        """Trigger points by muscle."""
        return group_by(self.trigger_points.values(), lambda p: p.muscle)

    @cached_property
    def regions_of_lookalike(self) -> Mapping[str, tuple[t.LookAlikeRegion, ...]]:
        """Region rows by look-alike."""
        return group_by(self.lookalike_regions, lambda r: r.lookalike)

    @cached_property
    def regions_of_channel(self) -> Mapping[str, tuple[t.ChannelRegion, ...]]:
        """Course rows by channel."""
        return group_by(self.channel_regions, lambda r: r.channel)

    def courses_of(self, channel: str) -> tuple[tuple[str, ...], ...]:
        """The lines on which a channel's acupoints lie, each a run of codes; a branch starts with the point it leaves.

        A point follows the one numbered before it unless `course_branches` says otherwise.
        """
        branches = group_by(self.course_branches, lambda b: b.acupoint)
        lines: list[tuple[str, ...]] = []
        joining: list[tuple[str, ...]] = []
        before = ""
        for code in (p.code for p in self.acupoints.values() if p.meridian == channel):
            follows = [b.follows for b in branches.get(code, ())] or [before]
            if lines and before in follows:
                lines[-1] = (*lines[-1], code)
                follows.remove(before)
            else:
                lines.append((follows.pop(0), code) if lines else (code,))
            joining += [(other, code) for other in follows if other]
            before = code
        return (*lines, *joining)

    @cached_property
    def surface_points_of(self) -> Mapping[str, tuple[t.SurfacePoint, ...]]:
        """Places on the body surface by landmark, acupoint or trigger point; several where a name has several."""
        return group_by(self.surface_points, lambda p: p.point)

    @cached_property
    def answers_of(self) -> Mapping[str, tuple[t.Answer, ...]]:
        """Choices by question, in the order they are offered."""
        return group_by(self.answers, lambda a: a.question)

    @cached_property
    def neighbours_of(self) -> Mapping[str, tuple[t.Neighbour, ...]]:
        """Border rows by region."""
        return group_by(self.region_neighbours, lambda n: n.region)

    @cached_property
    def limits_of(self) -> Mapping[str, tuple[t.DepthLimit, ...]]:
        """Depth rows by muscle."""
        named = [(muscle, row) for row in self.depth_limits.values() for muscle in row.muscles]
        return {m: tuple(r for _, r in rows) for m, rows in group_by(named, lambda pair: pair[0]).items()}

    @cached_property
    def stocked_needles(self) -> Mapping[int, tuple[t.NeedleSize, ...]]:
        """Stocked needle sizes by length in millimetres, the shortest first."""
        lengths: dict[int, list[t.NeedleSize]] = defaultdict(list)
        for size in self.needle_sizes.values():
            if size.stocked and size.length_mm is not None and size.diameter_mm is not None:
                lengths[size.length_mm].append(size)
        return {n: tuple(lengths[n]) for n in sorted(lengths)}

    @cached_property
    def pregnancy_points(self) -> frozenset[str]:
        """Acupoints that texts forbid in pregnancy; those that one text alone names are left out."""
        return frozenset(
            code
            for caution in self.point_cautions.values()
            if caution.topic == "pregnancy" and caution.status != "traditional only"
            for code in caution.items.split(";")
        )

    @cached_property
    def _renamed(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        names: dict[tuple[str, str], list[str]] = defaultdict(list)
        for alias in self.aliases:
            names[alias.kind, alias.old_id].append(alias.new_id)
        return {k: tuple(v) for k, v in names.items()}

    def renamed(self, kind: str, old_id: str) -> tuple[str, ...]:
        """Look up what a former id means now; empty when the id was never renamed."""
        return self._renamed.get((kind, old_id), ())

    def muscles_named(self, term: str) -> tuple[str, ...]:
        """Resolve a muscle id, a group, or a published spelling to muscle ids; empty when unknown."""
        if term in self.muscles:
            return (term,)
        if term in self.muscle_groups:
            return self.muscle_groups[term].members
        return tuple(m for named in self._published_names.get(term, ()) for m in self.muscles_named(named))

    @cached_property
    def _published_names(self) -> Mapping[str, tuple[str, ...]]:
        spellings = group_by(
            (n for n in self.muscle_names if n.kind in ("published", "former")), lambda n: n.name
        )
        return {spelling: tuple(n.muscle for n in rows) for spelling, rows in spellings.items()}
