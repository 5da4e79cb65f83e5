"""The rows of the atlas: one frozen class per table, whose fields are the columns of its CSV file.

A field's metadata says what its cells must satisfy; `tautband.atlas.load` enforces it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LAYERS = (
    "myofascial",
    "neural",
    "articular",
    "visceral",
    "vascular",
    "infection",
    "tumour",
    "fracture",
    "systemic",
    "central",
)
"""The layers pain can come from; `myofascial` is the one needles treat."""

URGENCIES = ("none", "routine", "urgent", "emergency")
"""How soon somebody must act, least to most."""

AREAS = (
    "head",
    "neck",
    "shoulder",
    "arm",
    "hand",
    "chest",
    "back",
    "abdomen",
    "low_back",
    "pelvis",
    "thigh",
    "knee",
    "leg",
    "foot",
)
"""The areas of the body that group the regions."""


def column(
    *,
    ref: str | None = None,
    choices: tuple[str, ...] | None = None,
    low: float | None = None,
    high: float | None = None,
) -> dict[str, Any]:
    """Describe a column: the table its cells point into, its choices, its bounds."""
    return {"ref": ref, "choices": choices, "low": low, "high": high}


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a row comes from and how far to trust it."""

    sources: tuple[str, ...]
    confidence: str
    source_read: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A paper, page or guideline that rows point to; `own_judgement` is the one that is none."""

    id: str
    kind: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Alias:
    """An id that was renamed, merged or split, and what it means now."""

    kind: str = field(
        metadata=column(
            choices=(
                "question_split",
                "question",
                "lookalike",
                "muscle",
                "trigger_point",
                "red_flag",
                "region",
            )
        )
    )
    old_id: str
    new_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Region:
    """A named place on the body surface that a person can paint."""

    id: str
    label: str
    area: str = field(metadata=column(choices=AREAS))
    midline: bool
    where: str
    names: tuple[str, ...]
    area_cm2: float = field(metadata=column(low=0))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Two regions that share a border, and the share of the first one's border that it is."""

    region: str = field(metadata=column(ref="regions"))
    neighbour: str = field(metadata=column(ref="regions"))
    side: str = field(metadata=column(choices=("same", "opposite")))
    border_share: float = field(metadata=column(low=0, high=1))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Muscle:
    """A muscle, with what moves it, feeds it and provokes it."""

    id: str
    name: str
    latin: str
    group: str
    depth: str = field(metadata=column(choices=("superficial", "intermediate", "deep")))
    action: str
    nerve: str
    roots: tuple[str, ...]
    origin: str
    insertion: str
    provocation: tuple[str, ...]
    tests: tuple[str, ...]
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class MuscleName:
    """Another name of a muscle or of a group of muscles, as people type or publish it."""

    muscle: str
    name: str
    kind: str = field(metadata=column(choices=("synonym", "latin", "abbreviation", "former", "published")))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class MuscleGroup:
    """An umbrella term for several muscles."""

    group: str
    name: str
    members: tuple[str, ...] = field(metadata=column(ref="muscles"))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class TriggerPoint:
    """A usual site of a trigger point in a muscle; each exists left and right."""

    id: str
    muscle: str = field(metadata=column(ref="muscles"))
    label: str
    location: str
    landmark_from: str
    landmark_to: str
    fraction: float | None = field(metadata=column(low=0, high=1))
    region: str = field(metadata=column(ref="regions"))
    commonness: int = field(metadata=column(low=1, high=3))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Referral:
    """A region that a trigger point sends pain to."""

    trigger_point: str = field(metadata=column(ref="trigger_points"))
    region: str = field(metadata=column(ref="regions"))
    side: str = field(metadata=column(choices=("same", "opposite")))
    zone: str = field(metadata=column(choices=("essential", "spillover", "local")))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A cause in another layer that can produce the same drawing as a trigger point."""

    id: str
    name: str
    layer: str = field(metadata=column(choices=LAYERS[1:]))
    urgency: str = field(metadata=column(choices=URGENCIES))
    laterality: str = field(metadata=column(choices=("sided", "both", "either")))
    sex: str = field(metadata=column(choices=("any", "female", "male")))
    age_min: int | None = field(metadata=column(low=0, high=120))
    age_max: int | None = field(metadata=column(low=0, high=120))
    prior: float = field(metadata=column(low=0, high=1))
    prior_low: float = field(metadata=column(low=0, high=1))
    prior_high: float = field(metadata=column(low=0, high=1))
    prior_basis: str
    signs: tuple[str, ...]
    questions: tuple[str, ...]
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class LookAlikeName:
    """Another name of a look-alike: as the books have it, in short, or as people say it."""

    lookalike: str = field(metadata=column(ref="lookalikes"))
    name: str
    kind: str = field(metadata=column(choices=("synonym", "abbreviation", "lay")))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class LookAlikeRegion:
    """A region where a look-alike is felt, and how regularly."""

    lookalike: str = field(metadata=column(ref="lookalikes"))
    region: str = field(metadata=column(ref="regions"))
    zone: str = field(metadata=column(choices=("core", "often", "sometimes")))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Acupoint:
    """An acupoint; depths are what the texts say, which is not a safe depth."""

    code: str
    meridian: str
    pinyin: str
    pinyin_tones: str
    hanzi: str
    hanzi_traditional: str
    gloss: str
    region: str = field(metadata=column(ref="regions"))
    midline: bool
    location: str
    landmarks: str
    cun_offsets: str
    muscles_under: tuple[str, ...]
    text_depth_cun: str
    text_depth_by_source: str
    needle_angle: str
    caution: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Channel:
    """A meridian (regular or extraordinary) or a sinew channel."""

    id: str
    kind: str = field(metadata=column(choices=("regular", "extraordinary", "sinew", "sinew_meeting")))
    name: str
    pinyin: str
    hanzi: str
    limb_pair: str
    n_points: int | None = field(metadata=column(low=1))
    binds: str
    muscles_reported: str
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ChannelName:
    """Another name of a channel; an abbreviation also stands before a point's number, as in SJ5."""

    channel: str = field(metadata=column(ref="channels"))
    name: str
    kind: str = field(metadata=column(choices=("synonym", "abbreviation", "traditional")))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ChannelRegion:
    """A region on a channel's course; branch 0 is the main course, position counts along it."""

    channel: str = field(metadata=column(ref="channels"))
    branch: int = field(metadata=column(low=0))
    position: int = field(metadata=column(low=1))
    region: str = field(metadata=column(ref="regions"))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class CourseBranch:
    """Where a channel branches: an acupoint that the course reaches from others than the one numbered before it."""

    acupoint: str = field(metadata=column(ref="acupoints"))
    follows: str = field(metadata=column(ref="acupoints"))
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Correspondence:
    """A muscle site and an acupoint that somebody relates, and how far that is disputed."""

    muscle: str
    trigger_point: str
    site: str
    acupoint: str = field(metadata=column(ref="acupoints"))
    relation: str
    evidence: str
    attribution: str
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class BCun:
    """A bone-proportional measure or a landmark level of the WHO standard."""

    id: str
    kind: str
    body_area: str
    from_landmark: str
    to_landmark: str
    units: float | None
    unit: str
    axis: str
    classic_source: str
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Landmark:
    """A bony or surface landmark that points are measured from; its place is in `surface_points`."""

    id: str
    name: str
    hanzi: str
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class BCunLandmarks:
    """The landmarks between which a B-cun measure is taken on the body surface, and along what."""

    measure: str = field(metadata=column(ref="bcun"))
    begin: str = field(metadata=column(ref="landmarks"))
    end: str = field(metadata=column(ref="landmarks"))
    along: str = field(
        metadata=column(choices=("skin", "half_skin", "straight", "width", "y", "upper_arm", "forearm"))
    )
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class LimbSegment:
    """A part of a limb whose axis runs between the middles of two pairs of landmarks."""

    id: str
    begin: tuple[str, ...] = field(metadata=column(ref="landmarks"))
    end: tuple[str, ...] = field(metadata=column(ref="landmarks"))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class SurfacePoint:
    """Where a landmark, acupoint or trigger point lies on the body surface: its rule, and the address it gives.

    The address is that of the person's left, or of the midline; `u` and `v` weigh the cell's second and third
    corner. `error_mm` is how far off we judge the place may be; the columns per shape say how far the address,
    carried to that shape, lies from where the rule puts the point there (empty for landmarks, which are carried).
    """

    kind: str = field(metadata=column(choices=("landmark", "acupoint", "trigger_point")))
    point: str
    part: str
    midline: bool
    rule: str
    error_mm: float = field(metadata=column(low=0, high=50))
    remark: str
    cell: int = field(metadata=column(low=0, high=107_023))
    u: float = field(metadata=column(low=0, high=1))
    v: float = field(metadata=column(low=0, high=1))
    female_mm: float | None = field(metadata=column(low=0))
    male_mm: float | None = field(metadata=column(low=0))
    heavier_mm: float | None = field(metadata=column(low=0))
    older_mm: float | None = field(metadata=column(low=0))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class PointCaution:
    """A caution that tradition or anatomy attaches to acupoints."""

    id: str
    topic: str
    items: str
    regions: tuple[str, ...] = field(metadata=column(ref="regions"))
    claim: str
    tradition: str
    status: str
    evidence: str
    advice: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask a patient; `applies_when` is an expression of the red-flag grammar."""

    id: str
    ask: str
    type: str = field(metadata=column(choices=("choice", "yes_no")))
    group: str
    seconds: float = field(metadata=column(low=0, high=120))
    applies_when: str
    why_asked: str
    tier: str = field(metadata=column(choices=("core", "safety", "adaptive")))
    max_answers: int = field(metadata=column(low=1))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Answer:
    """A choice of a question; `base_rate` is how often plain muscle pain gives it for no reason of its own."""

    question: str = field(metadata=column(ref="questions"))
    answer: str
    label: str
    offered_for_areas: tuple[str, ...]
    base_rate: float | None = field(metadata=column(low=0, high=1))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class AnswerStrength:
    """How often an answer is given when a cause, a muscle or a layer is the main source of the complaint."""

    scope: str = field(metadata=column(choices=("cause", "muscle", "layer")))
    about: str
    question: str = field(metadata=column(ref="questions"))
    answer: str
    p_answer: float = field(metadata=column(low=0, high=1))
    basis: str
    accuracy: str
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A published accuracy of a test, question or criteria set."""

    id: str
    kind: str
    test: str
    about: tuple[str, ...]
    question: str
    sensitivity: float | None = field(metadata=column(low=0, high=1))
    specificity: float | None = field(metadata=column(low=0, high=1))
    lr_positive: float | None = field(metadata=column(low=0))
    lr_negative: float | None = field(metadata=column(low=0))
    kappa: float | None = field(metadata=column(low=-1, high=1))
    n_studies: str
    recalled: tuple[str, ...]
    computed: tuple[str, ...]
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A deterministic triage rule: when it holds, its urgency stands whatever the differential says."""

    id: str
    name: str
    condition: str
    urgency: str = field(metadata=column(choices=URGENCIES[1:]))
    when: str
    action: str
    evidence: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class RedFlagCause:
    """A look-alike that a red flag is there to catch."""

    red_flag: str = field(metadata=column(ref="red_flags"))
    lookalike: str = field(metadata=column(ref="lookalikes"))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class PalpationSign:
    """How often an examiner records a sign over an active trigger point, and where there is none."""

    sign: str = field(
        metadata=column(choices=("taut_band", "tender", "familiar_pain", "referred_pain", "twitch"))
    )
    p_if_active: float = field(metadata=column(low=0, high=1))
    p_if_inactive: float = field(metadata=column(low=0, high=1))
    kappa: float | None = field(metadata=column(low=-1, high=1))
    ask: str
    seconds: float = field(metadata=column(low=0))
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class PalpationLookAlike:
    """A trigger point finding that, as published, raises a look-alike instead of explaining it away."""

    group_or_muscle: str
    lookalike: str = field(metadata=column(ref="lookalikes"))
    lr_positive: float = field(metadata=column(low=1))
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Prevalence:
    """How often a study found trigger points in a muscle among people with a complaint, in per cent."""

    study: str
    complaint: str
    complaint_key: str
    area: str
    n_patients: int | None = field(metadata=column(low=1))
    side_rule: str
    muscle: str
    active_pct: float | None = field(metadata=column(low=0, high=100))
    latent_pct: float | None = field(metadata=column(low=0, high=100))
    any_pct: float | None = field(metadata=column(low=0, high=100))
    control_active_pct: float | None = field(metadata=column(low=0, high=100))
    control_any_pct: float | None = field(metadata=column(low=0, high=100))
    referred_evoked_pct: float | None = field(metadata=column(low=0, high=100))
    active_n: int | None = field(metadata=column(low=0))
    latent_n: int | None = field(metadata=column(low=0))
    trigger_points_found: int | None = field(metadata=column(low=0))
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ComplaintRegion:
    """A region that stands for a published complaint when a study gives no drawing."""

    complaint: str
    region: str = field(metadata=column(ref="regions"))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class WidespreadArea:
    """A region that stands for one of the 19 areas of the widespread pain index; `sided` areas count left and right."""

    region: str = field(metadata=column(ref="regions"))
    area: str
    sided: bool
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ModelParameter:
    """A global number of the causal model and how it was estimated."""

    name: str
    value: float
    low: float
    high: float
    meaning: str
    estimated: str
    provenance: Provenance


HAZARD_KINDS = (
    "lung",
    "heart",
    "cord",
    "organ",
    "eye",
    "airway",
    "vessel",
    "nerve",
    "gland",
    "joint",
    "device",
)
"""What a needle can harm."""

POSITIONS = ("prone", "supine", "side_lying", "sitting", "lithotomy")
"""How a person can lie or sit for a needle."""

EFFECTS = (
    "no_needling",
    "close",
    "close_here",
    "close_if_placed",
    "close_lung",
    "close_uncompressible",
    "close_paraspinal",
    "close_device",
    "flat_only",
    "superficial",
    "superficial_lung",
    "tight_lung",
    "light",
    "thin_needle",
    "no_pistoning",
    "no_winding",
    "no_dwell",
    "no_electrical",
    "no_points",
    "lie_down",
    "side_lying_only",
    "extra_consent",
    "medical_advice",
    "disinfect",
    "press_longer",
    "stay_after",
    "not_alone",
    "eat_first",
    "gloves",
    "by_hand",
)
"""What a contraindication or precaution can change in a plan; none of them can loosen one."""


@dataclass(frozen=True, slots=True)
class Hazard:
    """A structure a needle can reach, how it is avoided, and whether pistoning beside it is ruled out.

    `avoid` is for a needle that enters the muscle, `avoid_over_muscle` for one that stays over it.
    """

    id: str
    name: str
    kind: str = field(metadata=column(choices=HAZARD_KINDS))
    pistoning: bool
    avoid: str
    avoid_over_muscle: str
    adverse_events: tuple[str, ...] = field(metadata=column(ref="adverse_events"))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class NeedlingSite:
    """How a muscle is needled: position, palpation, path, what stops the needle, hazards, risk, who may.

    `avoidance` holds for every needle here, `avoidance_in_muscle` only for one that enters the muscle.
    """

    muscle: str = field(metadata=column(ref="muscles"))
    positions: tuple[str, ...]
    position: str
    side_up: str = field(metadata=column(choices=("sore", "other")))
    palpation: str = field(metadata=column(choices=("flat", "pincer")))
    approach: str
    direction: str
    stop: str = field(metadata=column(choices=("bone", "grip", "tangent", "none")))
    length_low_mm: int | None = field(metadata=column(low=5, high=125))
    length_high_mm: int | None = field(metadata=column(low=5, high=125))
    reported_low_mm: int | None = field(metadata=column(low=0, high=125))
    reported_high_mm: int | None = field(metadata=column(low=0, high=125))
    hazards: tuple[str, ...] = field(metadata=column(ref="hazards"))
    avoidance: str
    avoidance_in_muscle: str
    risk: str = field(metadata=column(choices=("low", "moderate", "high")))
    access: str = field(metadata=column(choices=("open", "trained", "imaging", "pelvic", "never")))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class DepthLimit:
    """A published figure about how deep something lies; only some may cap a depth.

    `use_as_limit` says whether the row may cap, `quantity` what the number is (only `depth` and `needle_length`
    may cap), `limit_kind` how far below the number a needle has to stay. With `trigger_points` the row speaks of
    these sites of its muscles only.
    """

    id: str
    site: str
    area: str = field(metadata=column(choices=AREAS))
    muscles: tuple[str, ...] = field(metadata=column(ref="muscles"))
    trigger_points: tuple[str, ...] = field(metadata=column(ref="trigger_points"))
    acupoints: tuple[str, ...] = field(metadata=column(ref="acupoints"))
    structure: str
    limits: str = field(metadata=column(choices=(*HAZARD_KINDS, "bone", "other")))
    direction: str
    quantity: str = field(
        metadata=column(
            choices=(
                "depth",
                "needle_length",
                "path_length",
                "target_depth",
                "depth_used",
                "textbook_depth",
                "lateral_distance",
                "window_width",
                "gap",
                "thickness",
                "location",
                "change",
            )
        )
    )
    statistic: str
    value_mm: float = field(metadata=column(low=0))
    sd_mm: float | None = field(metadata=column(low=0))
    range_low_mm: float | None = field(metadata=column(low=0))
    range_high_mm: float | None = field(metadata=column(low=0))
    derived_low_mm: float | None = field(metadata=column(low=0))
    n: int | None = field(metadata=column(low=1))
    modality: str
    population: str
    bmi_effect: str
    use_as_limit: str = field(metadata=column(choices=("yes", "no", "cross_check")))
    limit_kind: str = field(
        metadata=column(choices=("ceiling", "sample_min", "harm_seen", "central_distance", "context"))
    )
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Contraindication:
    """A reason not to needle, or not so, with one question for the person and what it changes.

    A yes to `ask` always means that it applies; without a question it applies to everyone.
    """

    id: str
    condition: str
    scope: str = field(metadata=column(choices=("absolute", "relative", "precaution", "local")))
    applies_to: tuple[str, ...]
    ask: str
    modifies: str
    effects: tuple[str, ...]
    places: tuple[str, ...]
    sex: str = field(metadata=column(choices=("any", "female", "male")))
    age_min: int | None = field(metadata=column(low=0, high=120))
    age_max: int | None = field(metadata=column(low=0, high=120))
    why: str
    evidence_status: str
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ScreeningAnswer:
    """An answer of the interview that settles a screening question, so that it need not be asked again."""

    contraindication: str = field(metadata=column(ref="contraindications"))
    question: str = field(metadata=column(ref="questions"))
    answer: str
    means: str = field(metadata=column(choices=("yes", "no")))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """A published rate or report of harm, one row per event and study, with its denominator."""

    id: str
    study: str
    event: str
    grade: str = field(metadata=column(choices=("mild", "significant", "serious")))
    setting: str
    numerator: int | None = field(metadata=column(low=0))
    denominator: int | None = field(metadata=column(low=1))
    unit: str
    rate_pct: float | None = field(metadata=column(low=0, high=100))
    ci_low_pct: float | None = field(metadata=column(low=0, high=100))
    ci_high_pct: float | None = field(metadata=column(low=0, high=100))
    ci_basis: str
    other_figures: str
    tell_patient: str
    practitioner_now: str
    refer: str
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Technique:
    """A way of using a needle; a higher rung is more vigorous.

    With `approach`, `direction` and `stop` it has a path of its own, the same at every site; without, the site's.
    """

    id: str
    name: str
    modality: str = field(metadata=column(choices=("manual", "electrical", "periosteal", "scar", "tendon")))
    rung: int = field(metadata=column(low=1, high=5))
    approach: str
    direction: str
    stop: str = field(metadata=column(choices=("", "over_muscle")))
    target: str
    when_used: str
    when_not: str
    known: str
    contested: str
    lookalikes: tuple[str, ...] = field(metadata=column(ref="lookalikes"))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class TechniqueParameter:
    """A published or customary range of one setting of a technique."""

    technique: str = field(metadata=column(ref="techniques"))
    parameter: str
    low: float = field(metadata=column(low=0))
    high: float = field(metadata=column(low=0))
    unit: str
    how: str
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class NeedleSize:
    """A needle somebody used or sells; a plan chooses among the stocked ones."""

    id: str
    diameter_mm: float | None = field(metadata=column(low=0.1, high=0.5))
    length_mm: int | None = field(metadata=column(low=5, high=125))
    gauge: str
    area: tuple[str, ...]
    used_for: str
    use: str
    caution: str
    stocked: bool
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Aftercare:
    """One piece of advice after a session: plain words for the person, a few for the record."""

    id: str
    part: str = field(
        metadata=column(choices=("now", "today", "expect", "days", "warning", "later", "optional"))
    )
    who: tuple[str, ...]
    text: str
    record: str
    timing: str
    evidence_status: str
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Adjunct:
    """What goes with needling, before it or instead of it, and what trials found needling to add.

    It belongs to a session in its `area` in which one of `muscles` (ids or groups) is needled or likely, one of
    `lookalikes` is likely, and `applies_when` (the rule language of questions) holds; empty cells ask for nothing.
    """

    area: str = field(metadata=column(choices=(*AREAS, "any")))
    condition: str
    kinds: tuple[str, ...]
    what: str
    added_value: str
    verdict: str = field(metadata=column(choices=("adds", "mixed", "no_extra", "untested")))
    when: str = field(metadata=column(choices=("first", "along", "instead")))
    muscles: tuple[str, ...]
    lookalikes: tuple[str, ...] = field(metadata=column(ref="lookalikes"))
    applies_when: str
    note: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class JurisdictionRule:
    """One line of the law or of a regulator; `confirm` means that it was not seen and has to be asked for."""

    jurisdiction: str
    rule: str = field(
        metadata=column(
            choices=(
                "name",
                "who",
                "term",
                "written_consent",
                "skin_preparation",
                "retention_years",
                "minors",
            )
        )
    )
    value: str
    text: str
    status: str = field(metadata=column(choices=("sourced", "confirm")))
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class PlanningRule:
    """A number that planning uses, its sensible range, and what it rests on."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    meaning: str
    basis: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Segment:
    """A spinal level: where its paraspinal needle goes, which roots it reaches, whether current is allowed."""

    level: str
    roots: tuple[str, ...]
    muscle: str = field(metadata=column(ref="muscles"))
    where: str
    current: bool
    why: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class VocabularyTerm:
    """How one vocabulary of the field names a part of the same act."""

    vocabulary: str
    term: str
    words: str
    provenance: Provenance
