"""The plan: from a case and its assessment to a screened, safe, ordered and dosed needling session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tautband.assessment.assess import Assessment
from tautband.assessment.case import Case
from tautband.assessment.triage import view_of
from tautband.atlas import Atlas
from tautband.planning.adjuncts import OtherLayer, PairedTreatment, other_layers, paired_treatments
from tautband.planning.aftercare import Advice, aftercare_for
from tautband.planning.consent import Consent, consent_for
from tautband.planning.corridor import depth_of, gate, needle_for, over_lung, superficial_only, tightness
from tautband.planning.law import Pack, pack_of, words_of
from tautband.planning.needle_pass import Pass, Site, build_pass, positions_of
from tautband.planning.order import EXACT_UP_TO, Candidate, Load, arrange, select
from tautband.planning.screening import Active, Screening, SitePlace, closings, screen_case
from tautband.planning.segmental import propose
from tautband.planning.setting import Patient, Setting, known_of
from tautband.planning.stimulation import Stimulation
from tautband.planning.technique import Limits, TechniqueUse, choose, dose_of, technique_use, working_depth_mm

DISINFECT_AREAS = frozenset({"foot", "pelvis", "head"})
SCAR_BARS = frozenset({"keloid_scar", "recent_surgery", "local_infection_broken_skin", "sensory_loss"})
LIMBS = frozenset({"shoulder", "arm", "hand", "pelvis", "thigh", "knee", "leg", "foot"})
PRESS_LONGER_AREAS = frozenset({"arm", "leg", "thigh", "low_back", "abdomen", "pelvis"})


@dataclass(frozen=True, slots=True)
class Refused:
    """A site that is not needled, and every reason."""

    muscle: str
    name: str
    side: str
    trigger_point: str
    probability: float
    kind: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Referral:
    """Who comes before the needle: how urgent, why, and what to do."""

    urgency: str
    why: str
    actions: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """The frame of a session: its load, its positions, skin, rest, and when the next one may be."""

    number: int
    muscles_high: int
    insertions_high: int
    insertions: int
    turns: int
    light: bool
    skin: str
    notes: tuple[str, ...]
    interval_days_low: int
    interval_days_high: int
    course_sessions_low: int
    course_sessions_high: int


@dataclass(frozen=True)
class Plan:
    """A needling plan for one session.

    Attributes
    ----------
    atlas
        Version of the atlas, so that the plan can be replayed from case, patient and setting.
    status
        `ready`, `provisional` (something grave is unanswered), `closed` (nothing may be needled) or `refer`.
    why
        What the status rests on.
    referral
        With `refer`, who comes first.
    screening
        What applies and what is still to be asked.
    session
        Load, turns, skin, interval.
    passes
        In the order of the session.
    refused
        Sites that were considered and are not needled, the likeliest first.
    modalities
        The kinds of needling that the plan contains.
    stimulation, stimulation_closed
        Segmental electrical stimulation, or why there is none.
    other_tissue
        Techniques for tendon or bone that belong to a likely look-alike, or for a scar; each needs its own decision.
    other_layers
        Layers beside muscle that hold a share: what to look for before needling, or to treat along with it.
    adjuncts, aftercare, consent, law
        What goes with it, what follows, what is agreed, and what the law asks.
    vocabulary
        The vocabulary of the note.
    """

    atlas: str
    status: str
    why: tuple[str, ...]
    referral: Referral | None
    patient: Patient
    setting: Setting
    screening: Screening
    session: Session
    passes: tuple[Pass, ...]
    refused: tuple[Refused, ...]
    modalities: tuple[str, ...]
    stimulation: Stimulation | None
    stimulation_closed: tuple[str, ...]
    other_tissue: tuple[TechniqueUse, ...]
    other_layers: tuple[OtherLayer, ...]
    adjuncts: tuple[PairedTreatment, ...]
    aftercare: tuple[Advice, ...]
    consent: Consent
    law: Pack
    vocabulary: str


def plan(
    case: Case,
    assessment: Assessment,
    atlas: Atlas,
    patient: Patient | None = None,
    setting: Setting | None = None,
) -> Plan:
    """Plan a needling session.

    Parameters
    ----------
    case
        The case that was assessed.
    assessment
        Its assessment, with the same atlas.
    atlas
        Where every limit, hazard and rule comes from.
    patient
        Build and irritability; what is missing is taken from the case, or as the worst.
    setting
        Training, modalities, law, session; the strictest when it is missing.

    Returns
    -------
    Plan
        The same inputs give the same plan. Sites are chosen before screening is applied, and screening only takes
        away: a contraindication more never adds a pass, never deepens one and never adds a modality.
    """
    setting = setting or Setting()
    patient = known_of(patient or Patient(), case, atlas)
    screening = screen_case(case, atlas, patient, setting)
    pack = pack_of(setting.jurisdiction, atlas)
    referral = _referral(assessment)
    planner = _Planner(case, assessment, atlas, patient, setting, screening)
    passes: tuple[Pass, ...] = ()
    refused: tuple[Refused, ...] = ()
    stimulation: Stimulation | None = None
    closed: tuple[str, ...] = ("somebody else comes first",)
    if referral is None:
        chosen, refused = planner.chosen()
        passes, lost = planner.passes(chosen)
        refused = tuple(sorted((*refused, *lost), key=lambda r: (-round(r.probability, 9), r.trigger_point)))
        stimulation, closed = propose(
            chosen, passes, planner.load, planner.site, screening, setting, patient, atlas
        )
    status, why = _status(referral, assessment, screening, passes)
    likely = planner.likely()
    # nothing is offered beside a needle to somebody who has to be seen by somebody else first
    ill = referral is not None or any("by_hand" not in a.effects for a in screening.having("no_needling"))
    adjuncts = () if ill else planner.adjuncts(planner.areas(passes), planner.muscles(passes), likely)
    return Plan(
        atlas=atlas.version,
        status=status,
        why=why,
        referral=referral,
        patient=patient,
        setting=setting,
        screening=screening,
        session=planner.session(passes, stimulation, pack),
        passes=passes,
        refused=refused,
        modalities=tuple(
            dict.fromkeys(
                [p.technique.modality for p in passes] + (["electrical"] if stimulation is not None else [])
            )
        ),
        stimulation=stimulation,
        stimulation_closed=closed,
        other_tissue=planner.other_tissue(likely, passes),
        other_layers=other_layers(assessment, planner.rule("worth_needling"), atlas),
        adjuncts=adjuncts,
        aftercare=planner.aftercare(passes),
        consent=consent_for(
            passes,
            0 if stimulation is None else stimulation.extra_needles,
            words_of(setting.vocabulary, atlas)["act"],
            screening,
            adjuncts,
            pack,
            atlas,
        ),
        law=pack,
        vocabulary=setting.vocabulary,
    )


def _referral(assessment: Assessment) -> Referral | None:
    triage, needling = assessment.triage, assessment.needling
    if triage.urgency not in ("urgent", "emergency") and needling.verdict != "refer_first":
        return None
    # in an emergency only what matters then
    graver = ("emergency",) if triage.urgency == "emergency" else ("urgent", "emergency")
    flags = [f for f in triage.flags if f.urgency in graver]
    actions = [f.action for f in flags] or [
        "Have the layer that comes first examined before any needle; the assessment says which and why."
    ]
    sources = [s for f in flags for s in f.sources]
    return Referral(
        triage.urgency, needling.why, tuple(dict.fromkeys(actions)), tuple(dict.fromkeys(sources))
    )


def _status(
    referral: Referral | None, assessment: Assessment, screening: Screening, passes: Sequence[Pass]
) -> tuple[str, tuple[str, ...]]:
    if referral is not None:
        return "refer", (referral.why,)
    barred = screening.having("no_needling")
    if barred:
        return "closed", tuple(f"{a.condition} ({a.because}): {a.modifies}" for a in barred)
    why = []
    if not screening.complete:
        waiting = [o for o in screening.open if o.provisional]
        graver = sum(o.scope == "absolute" for o in waiting)
        why.append(
            f"{len(waiting)} contraindications are unanswered ({graver} absolute): nothing is needled before they are "
            f"asked"
        )
    if assessment.needling.verdict != "suits":
        why.append(f"the assessment is {assessment.needling.verdict}: {assessment.needling.why}")
    if not passes:
        return "closed", ("no site may be needled in this person and setting", *why)
    return ("provisional", tuple(why)) if why else ("ready", ("screened, and within the corridor",))


class _Planner:
    """What one plan is worked out from; every method takes values and gives values."""

    def __init__(
        self,
        case: Case,
        assessment: Assessment,
        atlas: Atlas,
        patient: Patient,
        setting: Setting,
        screening: Screening,
    ) -> None:
        self.case = case
        self.assessment = assessment
        self.atlas = atlas
        self.patient = patient
        self.setting = setting
        self.screening = screening
        self.told = view_of(case, atlas)
        first = setting.session == 1
        self.load = Load(
            int(self.rule("first_session_muscles" if first else "session_muscles")),
            int(self.rule("first_session_insertions" if first else "session_insertions")),
        )
        self.limits = Limits(
            superficial=bool(screening.having("superficial")),
            no_pistoning=bool(screening.having("no_pistoning")),
            no_winding=bool(screening.having("no_winding")),
            light=bool(screening.having("light")),
            irritability=patient.irritability or "high",
        )

    def rule(self, name: str) -> float:
        return self.atlas.planning_rules[name].value

    def site(self, muscle: str, side: str, trigger_point: str, probability: float, *, screened: bool) -> Site:
        """A site in the corridor, before screening or with it."""
        atlas, setting, screening = self.atlas, self.setting, self.screening
        row = atlas.needling[muscle]
        lung = over_lung(row, atlas)
        tight_chest = screened and bool(screening.having("tight_lung"))
        tight = tightness(self.patient, self.case.age, tight_chest)
        depth = depth_of(row, trigger_point, atlas, tight)
        superficial = superficial_only(row, depth, atlas, setting, tight) or (
            screened and (self.limits.superficial or (lung and bool(screening.having("superficial_lung"))))
        )
        thin = screened and bool(screening.having("thin_needle"))
        region = atlas.trigger_points[trigger_point].region
        reasons = list(gate(row, depth, atlas, setting))
        if screened:
            place = SitePlace(row, trigger_point, region, side)
            reasons += [_closed_by(a) for a in closings(screening, place, atlas, setting)]
        return Site(
            key=f"{trigger_point}:{side}",
            muscle=muscle,
            side=side,
            trigger_point=trigger_point,
            region=region,
            probability=probability,
            row=row,
            depth=depth,
            needle=needle_for(row, depth, atlas, tight, superficial, thin),
            tight=tight,
            superficial=superficial,
            lung=lung,
            reasons=tuple(reasons),
        )

    def chosen(self) -> tuple[tuple[Site, ...], tuple[Refused, ...]]:
        """The sites of the session, chosen before screening, and those that the corridor or the load leaves out."""
        sites = self._candidates()
        refused = [
            *self._undescribed(),
            *(self._refuse(s, "corridor", s.reasons) for s in sites if s.reasons),
        ]
        able = [s for s in sites if not s.reasons]
        able, unsettled = self._one_side(able)
        refused += unsettled
        candidates = [self._candidate(s) for s in able]
        kept = {c.key for c in select(candidates, self.load)}
        chest = {s.side for s in able if s.key in kept and s.lung}
        for s in able:
            if s.key in kept:
                continue
            other = s.lung and chest and s.side not in chest
            reason = (
                "never both sides of the chest wall in one session"
                if other
                else f"does not fit: at most {self.load.muscles} muscles and {self.load.insertions} insertions "
                "in this session"
            )
            refused.append(self._refuse(s, "chest" if other else "load", (reason,)))
        return tuple(s for s in able if s.key in kept), tuple(refused)

    def _candidates(self) -> list[Site]:
        worth = self.rule("worth_needling")
        per_muscle = 1 if self.setting.session == 1 else int(self.rule("points_per_muscle"))
        found: list[Site] = []
        # what is only known from studies is pressed before anybody plans to needle it
        likely = [m for m in self.assessment.muscles if m.shown >= worth]
        likely = [m for m in likely if m.muscle in self.atlas.needling]
        for m in likely[: int(self.rule("candidates"))]:
            points = [
                c
                for c in self.assessment.causes
                if c.kind == "trigger_point"
                and c.side == m.side
                and self.atlas.trigger_points[c.id].muscle == m.muscle
            ]
            points = [c for i, c in enumerate(points) if i == 0 or c.shown >= worth][:per_muscle]
            for i, c in enumerate(points):
                probability = m.probability if i == 0 else c.probability
                found.append(self.site(m.muscle, m.side, c.id, probability, screened=False))
        # of equally likely sites the one on the side of the likeliest comes first: nothing prefers left
        lead = likely[0].side if likely else ""
        found.sort(key=lambda s: (-round(s.probability, 9), s.side != lead, s.trigger_point))
        return found[:EXACT_UP_TO]

    def _undescribed(self) -> list[Refused]:
        """Muscles of the user's own tables that nothing says how to needle."""
        return [
            Refused(
                m.muscle,
                self.atlas.muscles[m.muscle].name,
                m.side,
                "",
                m.probability,
                "corridor",
                ("nothing says how it is needled: add it to needling.csv",),
            )
            for m in self.assessment.muscles
            if m.shown >= self.rule("worth_needling") and m.muscle not in self.atlas.needling
        ]

    def _candidate(self, site: Site) -> Candidate:
        return Candidate(
            site.key,
            f"{site.muscle}:{site.side}",
            site.probability,
            1,
            site.side if site.lung else None,
            positions_of(site.row, site.side),
        )

    def _one_side(self, able: list[Site]) -> tuple[list[Site], list[Refused]]:
        """Leave one side of the chest wall: the declared one, or the one that is worth more."""
        sides = {s.side for s in able if s.lung}
        if len(sides) < 2:
            return able, []
        declared = self.setting.chest_side
        if declared is not None:
            keep = [s for s in able if not s.lung or s.side == declared]
            lost = [s for s in able if s not in keep]
            reason = f"never both sides of the chest wall in one session; {declared} was chosen"
            return keep, [self._refuse(s, "chest", (reason,)) for s in lost]
        worth = {
            side: sum(
                round(c.worth, 6)
                for c in select([self._candidate(s) for s in able if not s.lung or s.side == side], self.load)
            )
            for side in sides
        }
        if round(worth["left"], 6) != round(worth["right"], 6):
            return able, []
        lost = [s for s in able if s.lung]
        reason = (
            "both sides of the chest wall are equally likely and only one may be needled in a session: choose it with "
            "the person (chest_side)"
        )
        return [s for s in able if not s.lung], [self._refuse(s, "chest", (reason,)) for s in lost]

    def passes(self, chosen: Sequence[Site]) -> tuple[tuple[Pass, ...], tuple[Refused, ...]]:
        """Apply screening to the chosen sites, put what is left into order, and give each its technique and dose."""
        light = int(self.rule("light_insertions")) if self.limits.light else len(chosen)
        ranked = sorted(chosen, key=lambda s: -round(s.probability, 9))
        open_sites: list[Site] = []
        lost: list[Refused] = []
        for rank, before in enumerate(ranked):
            site = self.site(
                before.muscle, before.side, before.trigger_point, before.probability, screened=True
            )
            reasons = list(site.reasons)
            if not self._positions(site):
                reasons.append("no position is left in which it can be needled")
            if rank >= light:
                reasons.append(f"a lighter dose: at most {light} insertions")
            if reasons:
                lost.append(self._refuse(site, "screening", tuple(reasons)))
            else:
                open_sites.append(site)
        candidates = [replace(self._candidate(s), positions=self._positions(s)) for s in open_sites]
        order = arrange(candidates)
        built = []
        for number, (i, position) in enumerate(order, 1):
            turn = number > 1 and position != order[number - 2][1]
            built.append(self._pass(open_sites[i], number, position, turn))
        return tuple(built), tuple(lost)

    def _positions(self, site: Site) -> tuple[str, ...]:
        positions = positions_of(site.row, site.side)
        if self.screening.having("side_lying_only"):
            return tuple(p for p in positions if p.startswith("side_lying"))
        if self.screening.having("lie_down"):
            return tuple(p for p in positions if p != "sitting")
        return positions

    def _pass(self, site: Site, number: int, position: str, turn: bool) -> Pass:
        technique, also = choose(site.row, site.superficial, self.limits, self.atlas)
        superficial = technique.id == "superficial_baldry"
        thin = bool(self.screening.having("thin_needle"))
        needle = needle_for(
            site.row, site.depth, self.atlas, site.tight, site.superficial or superficial, thin
        )
        longer = bool(self.screening.having("press_longer"))
        return build_pass(
            site,
            number,
            position,
            turn,
            needle,
            technique,
            also,
            dose_of(technique.id, site.depth, self.limits, self.atlas),
            working_depth_mm(technique.id, site.depth, site.lung and site.tight.lung, self.atlas),
            int(self.rule("press_longer_seconds" if longer else "press_seconds")),
            self.adjuncts((self.atlas.regions[site.region].area,), frozenset({site.muscle}), self.likely()),
            self.assessment,
            self.atlas,
        )

    def _refuse(self, site: Site, kind: str, reasons: tuple[str, ...]) -> Refused:
        name = self.atlas.muscles[site.muscle].name
        return Refused(site.muscle, name, site.side, site.trigger_point, site.probability, kind, reasons)

    def likely(self) -> frozenset[str]:
        """The look-alikes that hold a share worth minding."""
        worth = self.rule("worth_needling")
        return frozenset(
            c.id for c in self.assessment.causes if c.kind == "lookalike" and c.main_source >= worth
        )

    def muscles(self, passes: Sequence[Pass]) -> frozenset[str]:
        """The muscles of the passes, and those likely enough to be needled."""
        worth = self.rule("worth_needling")
        likely = {m.muscle for m in self.assessment.muscles if m.shown >= worth}
        return frozenset(likely | {p.muscle for p in passes})

    def adjuncts(
        self, areas: Sequence[str], muscles: frozenset[str], likely: frozenset[str]
    ) -> tuple[PairedTreatment, ...]:
        return paired_treatments(areas, muscles, likely, self.told, self.atlas)

    def areas(self, passes: Sequence[Pass]) -> tuple[str, ...]:
        """The areas of the passes, or of the drawing when there are none."""
        regions = [p.region for p in passes] or [p.region for p in self.case.pain]
        return tuple(dict.fromkeys(self.atlas.regions[r].area for r in regions))

    def session(self, passes: Sequence[Pass], stimulation: Stimulation | None, pack: Pack) -> Session:
        areas = {self.atlas.regions[p.region].area for p in passes}
        disinfect = (
            pack.disinfect or bool(self.screening.having("disinfect")) or bool(areas & DISINFECT_AREAS)
        )
        notes = []
        for effect, text in (
            ("eat_first", "Eat and drink first, or choose another day."),
            ("not_alone", "Do not leave the person alone with needles in."),
            ("no_dwell", "Leave no needle in longer than the pass needs."),
            ("gloves", "Gloves, and nothing else changes: no refusal for an infection carried in blood."),
            ("medical_advice", "Medical advice first for what screening found."),
        ):
            notes += [text] if self.screening.having(effect) else []
        if not passes:
            notes = []
        elif self.setting.session == 1 or self.screening.having("stay_after"):
            notes.append(
                f"Rest {self.rule('rest_minutes'):g} minutes lying or sitting afterwards, rise slowly."
            )
        extra = 0 if stimulation is None else stimulation.extra_needles
        return Session(
            number=self.setting.session,
            muscles_high=self.load.muscles,
            insertions_high=self.load.insertions,
            insertions=len(passes) + extra,
            turns=sum(p.turn for p in passes),
            light=self.limits.light or self.setting.session == 1,
            skin="disinfect every site and let it dry"
            if disinfect
            else "clean skin; wash or disinfect when soiled",
            notes=tuple(notes),
            interval_days_low=int(self.rule("interval_days_low")),
            interval_days_high=int(self.rule("interval_days_high")),
            course_sessions_low=int(self.rule("course_sessions_low")),
            course_sessions_high=int(self.rule("course_sessions_high")),
        )

    def aftercare(self, passes: Sequence[Pass]) -> tuple[Advice, ...]:
        if not passes:
            return ()
        areas = {self.atlas.regions[p.region].area for p in passes}
        kinds = {h.kind for p in passes for h in p.hazards}
        who = {
            "first": self.setting.session == 1,
            "faint": bool(self.screening.having("stay_after")),
            "lung": any(p.lung for p in passes),
            "spine": "cord" in kinds,
            "limb": "nerve" in kinds and bool(areas & LIMBS),
            "bleeding": bool(self.screening.having("press_longer")) or bool(areas & PRESS_LONGER_AREAS),
        }
        return aftercare_for(frozenset(w for w, holds in who.items() if holds), self.atlas)

    def other_tissue(self, likely: frozenset[str], passes: Sequence[Pass]) -> tuple[TechniqueUse, ...]:
        """Techniques for tendon, bone or scar: only where they are at hand and nothing speaks against them.

        Tendon and bone need a likely look-alike of theirs; scars need a clear no to keloids and recent operations.
        """
        if not passes or self.limits.light or self.limits.superficial:
            return ()
        unclear = {a.id for a in self.screening.active} | {o.id for o in self.screening.open}
        whys = {
            "periosteal": "belongs to a likely look-alike; decide on it separately",
            "tendon": "belongs to a likely look-alike; decide on it separately",
            "scar": "only for a mature, stuck or tender scar, if there is one here",
        }
        return tuple(
            technique_use(row.id, whys[row.modality], self.atlas)
            for row in self.atlas.techniques.values()
            if row.modality in self.setting.modalities
            and row.modality in whys
            and (not unclear & SCAR_BARS if row.modality == "scar" else bool(likely & set(row.lookalikes)))
        )


def _closed_by(item: Active) -> str:
    place = (
        ""
        if item.where or not {"close_here"} & set(item.effects)
        else " (no place was named, so every site is closed)"
    )
    return f"{item.condition}: {item.modifies}{place}"
