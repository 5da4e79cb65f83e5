"""Prove that the tables fit together, and count what they cover and what rests on memory."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from tautband.atlas import tables as t
from tautband.atlas.atlas import Atlas
from tautband.atlas.load import ALIAS_KIND
from tautband.atlas.search import fold
from tautband.errors import nearest

OWN_JUDGEMENT = "own_judgement"
SIDE_WORDS = frozenset({"left", "right"})
MOVEMENTS = "hurts_when"
URL = re.compile(r"https?://[^\s/?#]+\.[^\s/?#.]+([/?#]\S*)?")
DEPTH = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")
ROUNDING = 0.001  # the last digit in which published and derived numbers are written


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that does not fit the others: what is wrong with it and how to mend it."""

    table: str
    row: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.table}.csv row {self.row}: {self.what}; {self.mend}"


@dataclass(frozen=True, slots=True)
class TableCount:
    """Rows of a table by confidence, how many rest on memory, and how many on our own judgement alone."""

    table: str
    rows: int
    high: int
    medium: int
    low: int
    from_memory: int
    own_judgement: int


@dataclass(frozen=True, slots=True)
class Share:
    """How many of something have a kind of fact."""

    what: str
    have: int
    of: int


@dataclass(frozen=True, slots=True)
class AtlasReport:
    """What checking an atlas found.

    Attributes
    ----------
    version
        The atlas that was checked.
    problems
        What must be mended; a sound atlas has none.
    remarks
        What is allowed but worth a look.
    tables, shares
        Coverage.
    """

    version: str
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...]
    tables: tuple[TableCount, ...]
    shares: tuple[Share, ...]


def check_atlas(atlas: Atlas) -> AtlasReport:
    """Check what loading cannot see in one cell, and count what is covered.

    Parameters
    ----------
    atlas
        A loaded atlas, so every cell already fits its column.
    """
    problems = (
        _names,
        _sides,
        _strengths,
        _dangers,
        _other_names,
        _numbers,
        _acupoints,
        _surface_points,
        _sources,
        _aliases,
        _needles,
        _screening,
        _packs,
    )
    remarks = (_thin_causes, _channel_jumps, _unplaced, _thin_sources, _weak_flags, _closed_rows)
    return AtlasReport(
        version=atlas.version,
        problems=tuple(p for find in problems for p in find(atlas)),
        remarks=tuple(p for find in remarks for p in find(atlas)),
        tables=tuple(_counts(atlas)),
        shares=tuple(_shares(atlas)),
    )


def rows_of(atlas: Atlas, table: str) -> tuple[Any, ...]:
    """All rows of a table, whether or not it is keyed.

    Parameters
    ----------
    atlas
        The atlas to read.
    table
        A table's name, such as `referrals`.
    """
    content = getattr(atlas, table)
    return tuple(content.values()) if isinstance(content, Mapping) else content


def _tables(atlas: Atlas) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for field in fields(atlas):
        if field.name != "version":
            yield field.name, rows_of(atlas, field.name)


def _names(atlas: Atlas) -> Iterator[Problem]:
    """Muscle terms, points and answers that tables name in free columns exist."""
    terms = (
        [("acupoints", a.code, m) for a in atlas.acupoints.values() for m in a.muscles_under]
        + [("correspondence", f"{c.muscle}, {c.site}, {c.acupoint}", c.muscle) for c in atlas.correspondence]
        + [("prevalence", f"{p.study}, {p.complaint}, {p.muscle}", p.muscle) for p in atlas.prevalence]
        + [
            ("palpation_lookalikes", f"{p.group_or_muscle}, {p.lookalike}", p.group_or_muscle)
            for p in atlas.palpation_lookalikes
        ]
        + [("muscle_names", f"{n.muscle}, {n.name}", n.muscle) for n in atlas.muscle_names]
        + [("adjuncts", f"{a.area}, {a.condition}, {a.what}", m) for a in atlas.adjuncts for m in a.muscles]
    )
    known = (*atlas.muscles, *atlas.muscle_groups)
    for table, row, term in terms:
        if not atlas.muscles_named(term):
            yield Problem(
                table, row, f"no muscle or group is called {term!r}", _mend(term, known, "muscle_names.csv")
            )
    for group in atlas.muscle_groups.values():
        if group.group in atlas.muscles:
            yield Problem("muscle_groups", group.group, "a muscle has this id too", "rename the group")
    for pair in atlas.correspondence:
        row = f"{pair.muscle}, {pair.site}, {pair.acupoint}"
        point = atlas.trigger_points.get(pair.trigger_point)
        if pair.trigger_point and point is None:
            mend = _mend(pair.trigger_point, atlas.trigger_points, "trigger_points.csv")
            yield Problem("correspondence", row, f"no trigger point {pair.trigger_point!r}", mend)
        elif point is not None and point.muscle not in atlas.muscles_named(pair.muscle):
            what = f"trigger point {point.id} lies in {point.muscle}"
            yield Problem("correspondence", row, what, f"name that muscle instead of {pair.muscle}")
    for caution in atlas.point_cautions.values():
        for code in filter(None, caution.items.split(";")):
            if code not in atlas.acupoints:
                mend = _mend(code, atlas.acupoints, "acupoints.csv")
                yield Problem("point_cautions", caution.id, f"no acupoint {code!r}", mend)
    for muscle in atlas.muscles:
        if not atlas.trigger_points_of.get(muscle):
            yield Problem("muscles", muscle, "no trigger point", "add one to trigger_points.csv")


def _sides(atlas: Atlas) -> Iterator[Problem]:
    """Nothing prefers a side: no id names one, and a midline region has no opposite."""
    for table in ("regions", "muscles", "trigger_points", "lookalikes"):
        for identity in getattr(atlas, table):
            if SIDE_WORDS & set(identity.split("_")):
                yield Problem(table, identity, "the id names a side", "name it without; every row mirrors")
    for row in atlas.referrals:
        if atlas.regions[row.region].midline and row.side == "opposite":
            key = f"{row.trigger_point}, {row.region}, {row.side}"
            yield Problem("referrals", key, "a midline region has no opposite side", "write same")
    borders = {(n.region, n.neighbour, n.side) for n in atlas.region_neighbours}
    total: dict[str, float] = defaultdict(float)
    for border in atlas.region_neighbours:
        key = f"{border.region}, {border.neighbour}, {border.side}"
        total[border.region] += border.border_share
        if (border.neighbour, border.region, border.side) not in borders:
            yield Problem("region_neighbours", key, "no row the other way round", "a border has two sides")
        if border.side == "opposite" and (
            atlas.regions[border.region].midline or atlas.regions[border.neighbour].midline
        ):
            what = "a midline region has no opposite side"
            yield Problem("region_neighbours", key, what, "write same")
    for region, share in total.items():
        if share > 1 + 10 * ROUNDING:
            what = f"its border shares add up to {share:.3f}"
            yield Problem("region_neighbours", region, what, "they may reach 1 at most")


def _strengths(atlas: Atlas) -> Iterator[Problem]:
    """Answers exist and are two or more; chances of exclusive answers do not exceed 1."""
    answers = {(a.question, a.answer) for a in atlas.answers}
    for question in atlas.questions.values():
        if len(atlas.answers_of.get(question.id, ())) < 2:
            yield Problem("questions", question.id, "fewer than two answers", "add them to answers.csv")
    for answer in atlas.answers:
        for area in answer.offered_for_areas:
            if area not in t.AREAS:
                row = f"{answer.question}, {answer.answer}"
                yield Problem("answers", row, f"no area {area!r}", _mend(area, t.AREAS, "the regions' areas"))
    scopes = {
        "cause": {**atlas.lookalikes, **atlas.trigger_points},
        "muscle": atlas.muscles,
        "layer": dict.fromkeys(t.LAYERS),
    }
    total: dict[tuple[str, str, str], float] = defaultdict(float)
    for strength in atlas.answer_strengths:
        row = f"{strength.scope}, {strength.about}, {strength.question}, {strength.answer}"
        if strength.about not in scopes[strength.scope]:
            mend = _mend(strength.about, scopes[strength.scope], f"a {strength.scope}")
            yield Problem("answer_strengths", row, f"no {strength.scope} {strength.about!r}", mend)
        if (strength.question, strength.answer) not in answers:
            offered = [a.answer for a in atlas.answers_of.get(strength.question, ())]
            mend = _mend(strength.answer, offered, "answers.csv")
            yield Problem("answer_strengths", row, f"the question has no answer {strength.answer!r}", mend)
        if strength.accuracy and strength.accuracy not in atlas.accuracy:
            mend = _mend(strength.accuracy, atlas.accuracy, "accuracy.csv")
            yield Problem("answer_strengths", row, f"no accuracy row {strength.accuracy!r}", mend)
        if atlas.questions[strength.question].max_answers == 1:
            total[strength.scope, strength.about, strength.question] += strength.p_answer
    for key, chance in total.items():
        if chance > 1 + ROUNDING:
            what = f"the chances of its answers add up to {chance:.4f}"
            yield Problem("answer_strengths", ", ".join(key), what, "only one can be given: lower them to 1")
    former = {alias.old_id for alias in atlas.aliases if alias.kind in ("question", "question_split")}
    for test in atlas.accuracy.values():
        if test.question and test.question not in atlas.questions and test.question not in former:
            mend = _mend(test.question, atlas.questions, "questions.csv")
            yield Problem("accuracy", test.id, f"no question {test.question!r}", mend)


def _dangers(atlas: Atlas) -> Iterator[Problem]:
    """Every cause can be felt somewhere, and every dangerous one is watched by a red flag."""
    watched = {row.lookalike for row in atlas.red_flag_causes}
    for cause in atlas.lookalikes.values():
        if not atlas.regions_of_lookalike.get(cause.id):
            mend = "add where it is felt to lookalike_regions.csv"
            yield Problem("lookalikes", cause.id, "no region", mend)
        if cause.urgency in ("urgent", "emergency") and cause.id not in watched:
            mend = "name the flag that catches it in red_flag_causes.csv"
            yield Problem("lookalikes", cause.id, f"{cause.urgency}, yet no red flag watches for it", mend)
    for point in atlas.trigger_points:
        if not atlas.referrals_of.get(point):
            yield Problem("trigger_points", point, "no referral", "add where it is felt to referrals.csv")


def _other_names(atlas: Atlas) -> Iterator[Problem]:
    """Another name of a look-alike says something that its own name does not."""
    for called in atlas.lookalike_names:
        if called.name.casefold() == atlas.lookalikes[called.lookalike].name.casefold():
            row = f"{called.lookalike}, {called.name}"
            yield Problem("lookalike_names", row, "the look-alike's own name", "leave the row out")


def _numbers(atlas: Atlas) -> Iterator[Problem]:
    """Ranges are the right way round and hold their value; depths and measures are written in their units."""
    for cause in atlas.lookalikes.values():
        if cause.age_min is not None and cause.age_max is not None and cause.age_min > cause.age_max:
            what = f"age_min {cause.age_min} is above age_max {cause.age_max}"
            yield Problem("lookalikes", cause.id, what, "swap them")
        if not cause.prior_low <= cause.prior <= cause.prior_high:
            what = f"prior {cause.prior} is outside {cause.prior_low} to {cause.prior_high}"
            yield Problem("lookalikes", cause.id, what, "widen the range or correct the prior")
    for parameter in atlas.model.values():
        if not parameter.low <= parameter.value <= parameter.high:
            what = f"value {parameter.value} is outside {parameter.low} to {parameter.high}"
            yield Problem("model", parameter.name, what, "widen the range or correct the value")
    for point in atlas.acupoints.values():
        depth = DEPTH.fullmatch(point.text_depth_cun)
        if point.text_depth_cun != "none" and (depth is None or float(depth[1]) > float(depth[2])):
            what = f"depth {point.text_depth_cun!r} is no range in cun"
            yield Problem("acupoints", point.code, what, "write shallow-deep, such as 0.3-0.5, or none")
    for trigger_point in atlas.trigger_points.values():
        landmarks = bool(trigger_point.landmark_from) and bool(trigger_point.landmark_to)
        if (trigger_point.fraction is not None) != landmarks:
            what = "a fraction and its two landmarks belong together"
            yield Problem("trigger_points", trigger_point.id, what, "give all three or none")
    for measure in atlas.bcun.values():
        if measure.units is not None and not measure.unit:
            yield Problem("bcun", measure.id, "a number without a unit", "name the unit")


def _acupoints(atlas: Atlas) -> Iterator[Problem]:
    """Codes, sides, spellings and counts of acupoints agree with their channels."""
    count = Counter(point.meridian for point in atlas.acupoints.values())
    on_midline = {channel.id for channel in atlas.channels.values() if channel.limb_pair == "midline"}
    for point in atlas.acupoints.values():
        if not point.code.startswith(point.meridian) or point.meridian not in (*atlas.channels, "EX"):
            what = f"the code does not begin with the meridian {point.meridian!r}"
            yield Problem("acupoints", point.code, what, "a channel id, or EX for an extra point")
        elif point.meridian != "EX" and point.midline != (point.meridian in on_midline):
            what = f"midline {'yes' if point.midline else 'no'} on {point.meridian}"
            yield Problem(
                "acupoints", point.code, what, f"only {' and '.join(sorted(on_midline))} run on the midline"
            )
        if point.pinyin_tones and fold(point.pinyin_tones) != fold(point.pinyin):
            what = f"pinyin {point.pinyin!r} and {point.pinyin_tones!r} differ by more than tones"
            yield Problem("acupoints", point.code, what, "correct one of them")
        if not (point.pinyin and point.hanzi):
            yield Problem("acupoints", point.code, "no pinyin or no hanzi", "give both")
    for join in atlas.course_branches:
        one, other = (atlas.acupoints.get(code) for code in (join.acupoint, join.follows))
        if one and other and one.meridian != other.meridian:
            where = f"{join.acupoint}, {join.follows}"
            what = f"{one.meridian} does not follow {other.meridian}"
            yield Problem("course_branches", where, what, "a branch joins two points of one channel")
    for channel in atlas.channels.values():
        if channel.n_points is not None and channel.n_points != count[channel.id]:
            what = f"n_points is {channel.n_points}, acupoints.csv has {count[channel.id]}"
            yield Problem("channels", channel.id, what, "add the points or correct the number")
        positions: dict[int, list[int]] = defaultdict(list)
        for row in atlas.regions_of_channel.get(channel.id, ()):
            positions[row.branch].append(row.position)
        for branch, found in positions.items():
            if sorted(found) != list(range(1, len(found) + 1)):
                what = f"positions of branch {branch} are not 1 to {len(found)}"
                yield Problem("channel_regions", channel.id, what, "number them along the course")


def _surface_points(atlas: Atlas) -> Iterator[Problem]:
    """Every place on the body surface is that of a landmark, an acupoint or a trigger point."""
    known = _placeable(atlas)
    for place in atlas.surface_points:
        row = ", ".join((place.kind, place.point, place.part))
        if place.point not in known[place.kind]:
            mend = _mend(place.point, known[place.kind], f"a {place.kind}")
            yield Problem("surface_points", row, f"no {place.kind} {place.point!r}", mend)
        if place.u + place.v > 1 + ROUNDING:
            what = f"u {place.u} and v {place.v} add up to more than 1"
            yield Problem("surface_points", row, what, "build the table again")
    for segment in atlas.limb_segments.values():
        if len(segment.begin) != 2 or len(segment.end) != 2:
            yield Problem(
                "limb_segments", segment.id, "an end is not the middle of two", "name two landmarks"
            )


def _placeable(atlas: Atlas) -> Mapping[str, Mapping[str, Any]]:
    """What has a place on the body surface, by kind."""
    return {
        "landmark": atlas.landmarks,
        "acupoint": atlas.acupoints,
        "trigger_point": atlas.trigger_points,
    }


def _unplaced(atlas: Atlas) -> Iterator[Problem]:
    """Landmarks, acupoints and trigger points that pictures cannot show."""
    placed = {(place.kind, place.point) for place in atlas.surface_points}
    for kind, names in _placeable(atlas).items():
        for name in names:
            if (kind, name) not in placed:
                mend = "pictures leave it out; add its rule and build the table"
                yield Problem("surface_points", f"{kind}, {name}", "no place on the body", mend)


def _sources(atlas: Atlas) -> Iterator[Problem]:
    """Sources are written so that somebody can find them, each once."""
    seen: dict[str, str] = {}
    for source in atlas.sources.values():
        if source.url and not URL.fullmatch(source.url):
            yield Problem("sources", source.id, f"{source.url!r} is no web address", "begin with https://")
        if not source.url and not source.title:
            yield Problem("sources", source.id, "neither title nor url", "say what it is")
        first = seen.setdefault(_same_page(source.url), source.id) if source.url else source.id
        if first != source.id:
            yield Problem(
                "sources", source.id, f"the same page as {first}", "keep one and point the rows to it"
            )


def _same_page(url: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", url).rstrip("/").lower()


def _aliases(atlas: Atlas) -> Iterator[Problem]:
    """Former ids are out of use and lead to ids that are in use."""
    live = {kind: getattr(atlas, table) for table, kind in ALIAS_KIND.items()}
    live["question_split"] = atlas.questions
    for alias in atlas.aliases:
        row = f"{alias.kind}, {alias.old_id}, {alias.new_id}"
        if alias.new_id not in live[alias.kind]:
            mend = _mend(alias.new_id, live[alias.kind], "the table")
            yield Problem("aliases", row, f"{alias.new_id!r} does not exist", mend)
        if alias.old_id in live[alias.kind] and alias.kind != "question_split":
            yield Problem("aliases", row, f"{alias.old_id!r} is still in use", "remove the row or the alias")


def _needles(atlas: Atlas) -> Iterator[Problem]:
    """Every muscle says how it is needled; lengths, limits and settings are the right way round."""
    for muscle in atlas.muscles:
        if muscle not in atlas.needling:
            yield Problem("muscles", muscle, "nothing says how it is needled", "add it to needling.csv")
    for row in atlas.needling.values():
        for position in row.positions:
            if position not in t.POSITIONS:
                mend = _mend(position, t.POSITIONS, "the positions")
                yield Problem("needling", row.muscle, f"no position {position!r}", mend)
        if not row.positions:
            yield Problem("needling", row.muscle, "no position", "name one at least")
        for low, high in (
            (row.length_low_mm, row.length_high_mm),
            (row.reported_low_mm, row.reported_high_mm),
        ):
            if low is not None and high is not None and low > high:
                yield Problem("needling", row.muscle, f"{low} is above {high}", "swap them")
    for limit in atlas.depth_limits.values():
        caps = limit.use_as_limit == "yes" and limit.quantity in ("depth", "needle_length")
        if caps and limit.limit_kind == "context":
            yield Problem("depth_limits", limit.id, "context never caps", "write no, or another limit_kind")
        for point in limit.trigger_points:
            if atlas.trigger_points[point].muscle not in limit.muscles:
                what = f"{point} lies in none of its muscles"
                yield Problem("depth_limits", limit.id, what, "name its muscle, or drop it")
    for technique in atlas.techniques.values():
        told = {bool(technique.approach), bool(technique.direction), bool(technique.stop)}
        if len(told) > 1:
            what = "approach, direction and stop belong together"
            yield Problem("techniques", technique.id, what, "give all three, or none to go the site's way")
    for setting in atlas.technique_parameters:
        if setting.low > setting.high:
            row_name = f"{setting.technique}, {setting.parameter}"
            yield Problem(
                "technique_parameters", row_name, f"{setting.low} is above {setting.high}", "swap them"
            )
    for rule in atlas.planning_rules.values():
        if not rule.low <= rule.value <= rule.high:
            what = f"value {rule.value} is outside {rule.low} to {rule.high}"
            yield Problem("planning_rules", rule.name, what, "widen the range or correct the value")


def _screening(atlas: Atlas) -> Iterator[Problem]:
    """Every contraindication changes something that planning knows; places and answers exist."""
    answers = {(a.question, a.answer) for a in atlas.answers}
    for row in atlas.contraindications.values():
        for effect in row.effects:
            if effect not in t.EFFECTS:
                mend = _mend(effect, t.EFFECTS, "the effects")
                yield Problem("contraindications", row.id, f"no effect {effect!r}", mend)
        if not row.effects:
            yield Problem("contraindications", row.id, "it changes nothing", "name an effect")
        for place in row.places:
            if place not in (*t.AREAS, *atlas.regions):
                mend = _mend(place, (*t.AREAS, *atlas.regions), "the areas or regions")
                yield Problem("contraindications", row.id, f"no place {place!r}", mend)
    for known in atlas.screening_answers:
        if (known.question, known.answer) not in answers:
            key = f"{known.contraindication}, {known.question}"
            yield Problem("screening_answers", key, f"no answer {known.answer!r}", "see answers.csv")


def _packs(atlas: Atlas) -> Iterator[Problem]:
    """Every jurisdiction answers what `unset` answers, and every vocabulary has the same terms."""
    for table, rows, name, part in (
        ("jurisdictions", atlas.jurisdictions, "jurisdiction", "rule"),
        ("vocabularies", atlas.vocabularies, "vocabulary", "term"),
    ):
        parts: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            parts[getattr(row, name)].add(getattr(row, part))
        whole = set().union(*parts.values()) if parts else set()
        for pack, has in parts.items():
            for missing in sorted(whole - has):
                yield Problem(
                    table, pack, f"no {part} {missing!r}", "every one has to say something about it"
                )


def _closed_rows(atlas: Atlas) -> Iterator[Problem]:
    """High-risk muscles that planning keeps closed because they rest on memory."""
    for row in atlas.needling.values():
        if row.risk == "high" and not row.provenance.source_read:
            yield Problem(
                "needling",
                row.muscle,
                "high risk, from memory only",
                "closed in plans until a source is read",
            )


def _thin_causes(atlas: Atlas) -> Iterator[Problem]:
    """Trigger points and look-alikes whose pattern has no main part, and muscles without a movement."""
    moved = {s.about for s in atlas.answer_strengths if s.scope == "muscle" and s.question == MOVEMENTS}
    for muscle in atlas.muscles:
        if muscle not in moved:
            yield Problem(
                "muscles", muscle, "no movement provokes it", f"{MOVEMENTS} in answer_strengths.csv"
            )
    for point in atlas.trigger_points:
        if not any(r.zone == "essential" for r in atlas.referrals_of.get(point, ())):
            yield Problem("trigger_points", point, "no essential region", "does it refer pain at all?")
    for cause in atlas.lookalikes:
        if not any(r.zone == "core" for r in atlas.regions_of_lookalike.get(cause, ())):
            yield Problem("lookalikes", cause, "no core region", "right for a disease that may sit anywhere")
    for name, question in ((q.id, q) for q in atlas.questions.values()):
        if question.type == "choice" and all(a.base_rate is None for a in atlas.answers_of.get(name, ())):
            yield Problem(
                "questions", name, "no base rate", "right for a question that only steers or guards"
            )


def _channel_jumps(atlas: Atlas) -> Iterator[Problem]:
    """Steps of a channel's course between regions that share no border."""
    beside = {(n.region, n.neighbour) for n in atlas.region_neighbours}
    for channel, course in atlas.regions_of_channel.items():
        ordered = sorted(course, key=lambda row: (row.branch, row.position))
        for one, two in pairwise(ordered):
            step = (one.region, two.region)
            if one.branch == two.branch and one.region != two.region and step not in beside:
                row = f"{channel}, {two.branch}, {two.position}"
                what = f"jumps from {one.region} to {two.region}"
                yield Problem(
                    "channel_regions", row, what, "right where it runs inside or skips a narrow region"
                )


def _thin_sources(atlas: Atlas) -> Iterator[Problem]:
    """Sources nobody uses, and rows that trust a judgement more than it can bear."""
    used = {s for _, rows in _tables(atlas) for row in rows for s in _cited(row)}
    for source in atlas.sources:
        if source not in used:
            yield Problem("sources", source, "no row cites it", "remove it or cite it")
    for table, rows in _tables(atlas):
        for row in rows:
            provenance = getattr(row, "provenance", None)
            if provenance is not None and provenance.sources == (OWN_JUDGEMENT,):
                if provenance.source_read:
                    yield Problem(table, _key(row), "own judgement marked as read", "write no")
                if provenance.confidence == "high":
                    yield Problem(
                        table, _key(row), "own judgement with high confidence", "write medium or low"
                    )


def _weak_flags(atlas: Atlas) -> Iterator[Problem]:
    """Dangerous look-alikes whose red flags are all less urgent than they are."""
    highest: dict[str, int] = defaultdict(int)
    for row in atlas.red_flag_causes:
        rank = t.URGENCIES.index(atlas.red_flags[row.red_flag].urgency)
        highest[row.lookalike] = max(highest[row.lookalike], rank)
    for cause in atlas.lookalikes.values():
        if 0 < highest[cause.id] < t.URGENCIES.index(cause.urgency):
            what = f"{cause.urgency}, its highest red flag only {t.URGENCIES[highest[cause.id]]}"
            yield Problem("lookalikes", cause.id, what, "is one of the two urgencies wrong?")


def _counts(atlas: Atlas) -> Iterator[TableCount]:
    for table, rows in _tables(atlas):
        cited = [row.provenance for row in rows if hasattr(row, "provenance")]
        confidence = Counter(p.confidence for p in cited)
        yield TableCount(
            table=table,
            rows=len(rows),
            high=confidence["high"],
            medium=confidence["medium"],
            low=confidence["low"],
            from_memory=sum(not p.source_read for p in cited),
            own_judgement=sum(p.sources == (OWN_JUDGEMENT,) for p in cited),
        )


def _shares(atlas: Atlas) -> Iterator[Share]:
    muscles, points = atlas.muscles.values(), atlas.trigger_points.values()
    acupoints, causes = atlas.acupoints.values(), atlas.lookalikes.values()
    latin = {n.muscle for n in atlas.muscle_names if n.kind == "latin"}
    named = {n.lookalike for n in atlas.lookalike_names}
    measured = {m for p in atlas.prevalence for m in atlas.muscles_named(p.muscle)}
    paired = {m for c in atlas.correspondence for m in atlas.muscles_named(c.muscle)}
    answered = {s.about for s in atlas.answer_strengths if s.scope in ("muscle", "cause")}
    tested = {about for a in atlas.accuracy.values() for about in a.about}
    needling = atlas.needling.values()
    sourced = [n.provenance.source_read for n in needling]
    capped = [
        any(
            row.use_as_limit == "yes" and row.quantity in ("depth", "needle_length")
            for row in atlas.limits_of.get(n.muscle, ())
        )
        for n in needling
    ]
    open_high = [n.provenance.source_read and n.access != "never" for n in needling if n.risk == "high"]
    kinds: tuple[tuple[str, Iterable[Any]], ...] = (
        ("muscles with a Latin name", (m.latin or m.id in latin for m in muscles)),
        ("muscles with nerve and roots", (m.nerve and m.roots for m in muscles)),
        ("muscles with origin and insertion", (m.origin and m.insertion for m in muscles)),
        ("muscles with what provokes them", (m.provocation for m in muscles)),
        ("muscles with a test", (m.tests for m in muscles)),
        ("muscles with answer strengths", (m.id in answered for m in muscles)),
        ("muscles with a published prevalence", (m.id in measured for m in muscles)),
        ("muscles with a related acupoint", (m.id in paired for m in muscles)),
        ("muscles whose needling rests on a source that was read", sourced),
        ("muscles with a depth that may cap", capped),
        ("muscles of high risk that are open to trained hands", open_high),
        ("trigger points placed between landmarks", (p.fraction is not None for p in points)),
        *(
            (f"trigger points {word}", [p.commonness == level for p in points])
            for level, word in ((3, "that are common"), (2, "seen now and then"), (1, "that are rare"))
        ),
        ("look-alikes with another name", [c.id in named for c in causes]),
        ("look-alikes with a derived prior", (c.prior_basis == "derived" for c in causes)),
        ("look-alikes with answer strengths of their own", (c.id in answered for c in causes)),
        ("look-alikes with a published accuracy", (c.id in tested for c in causes)),
        ("acupoints with tone marks", (a.pinyin_tones for a in acupoints)),
        ("acupoints with traditional hanzi", (a.hanzi_traditional for a in acupoints)),
        ("acupoints with muscles under them", (a.muscles_under for a in acupoints)),
        ("acupoints with a text depth", (a.text_depth_cun != "none" for a in acupoints)),
        ("acupoints with a caution", (a.caution for a in acupoints)),
    )
    for what, having in kinds:
        answers = [bool(h) for h in having]
        yield Share(what, sum(answers), len(answers))


def _cited(row: Any) -> tuple[str, ...]:
    return row.provenance.sources if hasattr(row, "provenance") else ()


def _key(row: Any) -> str:
    return ", ".join(str(getattr(row, f.name)) for f in fields(row)[:2])


def _mend(value: str, known: Iterable[str], home: str) -> str:
    return (nearest(value, known) or f"; it must be in {home}").removeprefix("; ")
