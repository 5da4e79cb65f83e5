"""What the atlas knows about one thing, as plain values that print as JSON or, laid out, for a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from tautband.atlas import Atlas
from tautband.atlas import tables as t
from tautband.atlas.search import Hit, PlaceReport, Referrer

Entry = dict[str, Any]


def describe(atlas: Atlas, hit: Hit) -> Entry:
    """Describe what was found: its facts, tables of related rows, confidence and sources.

    Facts that are empty are left out. Tables are lists of rows; `sources` are ids, and `all_sources` gives
    every one of them with title and address.
    """
    make, table = _MAKERS[hit.kind]
    row = getattr(atlas, table)[hit.id]
    facts, tables = make(atlas, row)
    tables = {name: rows for name, rows in tables.items() if rows}
    provenance: t.Provenance = row.provenance
    cited = [*provenance.sources, *(s for rows in tables.values() for row in rows for s in _cited(row))]
    return {
        "kind": hit.kind,
        "id": hit.id,
        "label": hit.label,
        "facts": {name: value for name, value in facts.items() if value not in ("", None, [], ())},
        "tables": tables,
        **_trust(provenance),
        "all_sources": [asdict(atlas.sources[s]) for s in dict.fromkeys(cited)],
    }


def _cited(row: Entry) -> Iterator[str]:
    """The sources of a row and of the rows inside it."""
    yield from row.get("sources", ())
    for value in row.values():
        if isinstance(value, list):
            for inner in value:
                if isinstance(inner, dict):
                    yield from _cited(inner)


def describe_place(atlas: Atlas, report: PlaceReport) -> Entry:
    """Describe what refers to a place and what lies there, in both vocabularies."""
    tables = {
        "trigger_points": [_point_referrer(atlas, r) for r in report.trigger_points],
        "lookalikes": [_lookalike_referrer(atlas, r) for r in report.lookalikes],
        "sites": [
            {"id": p, "muscle": atlas.trigger_points[p].muscle, "label": atlas.trigger_points[p].label}
            for p in report.sites
        ],
        "acupoints": [_acupoint_line(atlas.acupoints[code]) for code in report.acupoints],
        "channels": [_channel_line(atlas.channels[c]) for c in report.channels],
    }
    return {
        "region": report.region,
        "side": report.side,
        "label": atlas.regions[report.region].label,
        "area": atlas.regions[report.region].area,
        "tables": tables,
    }


def _trust(provenance: t.Provenance) -> Entry:
    return {
        "confidence": provenance.confidence,
        "source_read": provenance.source_read,
        "sources": list(provenance.sources),
    }


def _point_referrer(atlas: Atlas, referrer: Referrer) -> Entry:
    point = atlas.trigger_points[referrer.id]
    return {
        "zone": referrer.zone,
        "id": point.id,
        "side": referrer.side,
        "muscle": atlas.muscles[point.muscle].name,
        "label": point.label,
        "commonness": point.commonness,
        **_trust(referrer.provenance),
    }


def _lookalike_referrer(atlas: Atlas, referrer: Referrer) -> Entry:
    cause = atlas.lookalikes[referrer.id]
    return {
        "zone": referrer.zone,
        "id": cause.id,
        "side": referrer.side,
        "name": cause.name,
        "layer": cause.layer,
        "urgency": cause.urgency,
        **_trust(referrer.provenance),
    }


def _acupoint_line(point: t.Acupoint) -> Entry:
    return {
        "id": point.code,
        "side": "midline" if point.midline else "",
        "pinyin": point.pinyin_tones or point.pinyin,
        "hanzi": point.hanzi,
        "gloss": point.gloss,
    }


def _channel_line(channel: t.Channel) -> Entry:
    return {"id": channel.id, "kind": channel.kind, "name": channel.name, "hanzi": channel.hanzi}


def _muscle(atlas: Atlas, muscle: t.Muscle) -> tuple[Entry, Mapping[str, list[Entry]]]:
    from tautband.cli.needling_entry import needling_entries  # only muscles have to wait for planning

    names = [n for n in atlas.muscle_names if n.muscle == muscle.id]
    groups = [g.name for g in atlas.muscle_groups.values() if muscle.id in g.members]
    facts = {
        "latin": muscle.latin,
        "also_called": _distinct(n.name for n in names if n.kind in ("synonym", "former", "published")),
        "abbreviations": _distinct(n.name for n in names if n.kind == "abbreviation"),
        "belongs_to": groups,
        "depth": muscle.depth,
        "action": muscle.action,
        "nerve": f"{muscle.nerve} ({', '.join(muscle.roots)})" if muscle.roots else muscle.nerve,
        "origin": muscle.origin,
        "insertion": muscle.insertion,
        "provoked_by": list(muscle.provocation),
        "tests": list(muscle.tests),
    }
    return facts, {
        "trigger_points": [_pattern(atlas, p) for p in atlas.trigger_points_of.get(muscle.id, ())],
        "needling": needling_entries(atlas, muscle.id),
        "hurts_when": _movements(atlas, muscle.id),
        "acupoints": _pairs(atlas, lambda c: muscle.id in atlas.muscles_named(c.muscle), "acupoint"),
        "published_prevalence": [
            {
                "study": p.study,
                "complaint": p.complaint,
                "active_percent": p.active_pct,
                "latent_percent": p.latent_pct,
                "any_percent": p.any_pct,
                **_trust(p.provenance),
            }
            for p in atlas.prevalence
            if muscle.id in atlas.muscles_named(p.muscle)
        ],
    }


def _pattern(atlas: Atlas, point: t.TriggerPoint) -> Entry:
    zones: dict[str, list[Entry]] = {"essential": [], "spillover": [], "local": []}
    for referral in atlas.referrals_of.get(point.id, ()):
        felt = {"region": referral.region, "side": referral.side, **_trust(referral.provenance)}
        zones[referral.zone].append(felt)
    return {
        "id": point.id,
        "site": point.label,
        "location": point.location,
        "commonness": point.commonness,
        **zones,
        **_trust(point.provenance),
    }


def _movements(atlas: Atlas, muscle: str) -> list[Entry]:
    answers = {(a.question, a.answer): a for a in atlas.answers}
    rows = [s for s in atlas.answer_strengths if s.scope == "muscle" and s.about == muscle]
    return [
        _strength(atlas, s, answers) for s in sorted(rows, key=lambda s: (-s.p_answer, s.question, s.answer))
    ]


def _strength(atlas: Atlas, strength: t.AnswerStrength, answers: Mapping[tuple[str, str], t.Answer]) -> Entry:
    answer = answers.get((strength.question, strength.answer))
    return {
        "question": strength.question,
        "answer": answer.label if answer else strength.answer,
        "chance": strength.p_answer,
        "base_rate": answer.base_rate if answer else None,
        "basis": strength.basis,
        **_trust(strength.provenance),
    }


def _pairs(atlas: Atlas, wanted: Callable[[t.Correspondence], bool], first: str) -> list[Entry]:
    """Muscle sites and acupoints that somebody relates; `first` is the one that is not being described."""
    rows = []
    for pair in atlas.correspondence:
        if wanted(pair):
            point = atlas.acupoints[pair.acupoint]
            named = {
                "acupoint": f"{point.code} {point.pinyin_tones or point.pinyin} {point.hanzi}",
                "muscle": pair.muscle,
            }
            rows.append(
                {
                    first: named[first],
                    "trigger_point": pair.trigger_point,
                    "site": pair.site,
                    "relation": pair.relation,
                    "evidence": pair.evidence,
                    "by": pair.attribution,
                    "note": pair.note,
                    **_trust(pair.provenance),
                }
            )
    return rows


def _muscle_group(atlas: Atlas, group: t.MuscleGroup) -> tuple[Entry, Mapping[str, list[Entry]]]:
    names = _distinct(n.name for n in atlas.muscle_names if n.muscle == group.group)
    members = [
        {"id": m, "name": atlas.muscles[m].name, "trigger_points": len(atlas.trigger_points_of.get(m, ()))}
        for m in group.members
    ]
    return {"also_called": names}, {
        "members": members,
        "acupoints": _pairs(atlas, lambda c: c.muscle == group.group, "acupoint"),
    }


def _trigger_point(atlas: Atlas, point: t.TriggerPoint) -> tuple[Entry, Mapping[str, list[Entry]]]:
    between = (
        f"{point.fraction:g} of the way from {point.landmark_from} to {point.landmark_to}"
        if point.fraction is not None
        else ""
    )
    facts = {
        "muscle": point.muscle,
        "location": point.location,
        "between_landmarks": between,
        "region": point.region,
        "commonness": point.commonness,
    }
    felt = [
        {"zone": r.zone, "region": r.region, "side": r.side, **_trust(r.provenance)}
        for r in atlas.referrals_of.get(point.id, ())
    ]
    return facts, {
        "felt_at": felt,
        "acupoints": _pairs(atlas, lambda c: c.trigger_point == point.id, "acupoint"),
    }


def _lookalike(atlas: Atlas, cause: t.LookAlike) -> tuple[Entry, Mapping[str, list[Entry]]]:
    ages = (cause.age_min, cause.age_max)
    names = [n for n in atlas.lookalike_names if n.lookalike == cause.id]
    facts = {
        "also_called": [n.name for n in names if n.kind != "abbreviation"],
        "abbreviations": [n.name for n in names if n.kind == "abbreviation"],
        "layer": cause.layer,
        "urgency": cause.urgency,
        "laterality": cause.laterality,
        "sex": "" if cause.sex == "any" else cause.sex,
        "age": "" if ages == (None, None) else f"{cause.age_min or 0} to {cause.age_max or 'any'}",
        "prior": f"{cause.prior:g} ({cause.prior_low:g} to {cause.prior_high:g}, {cause.prior_basis})",
        "signs": list(cause.signs),
        "to_ask": list(cause.questions),
        "note": cause.note,
    }
    answers = {(a.question, a.answer): a for a in atlas.answers}
    strengths = [s for s in atlas.answer_strengths if s.scope == "cause" and s.about == cause.id]
    flags = [atlas.red_flags[r.red_flag] for r in atlas.red_flag_causes if r.lookalike == cause.id]
    return facts, {
        "red_flags": [
            {"id": f.id, "name": f.name, "urgency": f.urgency, "action": f.action, **_trust(f.provenance)}
            for f in flags
        ],
        "felt_at": [
            {"zone": r.zone, "region": r.region, **_trust(r.provenance)}
            for r in atlas.regions_of_lookalike.get(cause.id, ())
        ],
        "accuracy": [
            {
                "test": a.test,
                "sensitivity": a.sensitivity,
                "specificity": a.specificity,
                "lr_positive": a.lr_positive,
                "lr_negative": a.lr_negative,
                "recalled": list(a.recalled),
                **_trust(a.provenance),
            }
            for a in atlas.accuracy.values()
            if cause.id in a.about
        ],
        "answers": [_strength(atlas, s, answers) for s in strengths],
    }


def _acupoint(atlas: Atlas, point: t.Acupoint) -> tuple[Entry, Mapping[str, list[Entry]]]:
    number = point.code.removeprefix(point.meridian)
    channel = atlas.channels.get(point.meridian)
    facts = {
        "pinyin": point.pinyin_tones or point.pinyin,
        "hanzi": " / ".join(dict.fromkeys((point.hanzi, point.hanzi_traditional))),
        "meaning": point.gloss,
        "other_codes": [
            f"{n.name}{number}"
            for n in atlas.channel_names
            if n.channel == point.meridian and n.kind == "abbreviation"
        ],
        "channel": f"{channel.name} {channel.hanzi}" if channel else "extra point",
        "region": point.region + (" (midline)" if point.midline else ""),
        "location": point.location,
        "measured": point.cun_offsets,
        "muscles_under": list(point.muscles_under),
        "needle_angle": point.needle_angle,
        "text_depth_cun": point.text_depth_cun,
        "text_depth_by_source": point.text_depth_by_source,
        "about_depth": "what texts give in cun; not a safe depth" if point.text_depth_cun != "none" else "",
        "caution": point.caution,
    }
    cautions = [
        {
            "topic": c.topic,
            "claim": c.claim,
            "status": c.status,
            "tradition": c.tradition,
            "evidence": c.evidence,
            "advice": c.advice,
            **_trust(c.provenance),
        }
        for c in atlas.point_cautions.values()
        if point.code in c.items.split(";")
    ]
    return facts, {
        "trigger_points": _pairs(atlas, lambda c: c.acupoint == point.code, "muscle"),
        "cautions": cautions,
    }


def _channel(atlas: Atlas, channel: t.Channel) -> tuple[Entry, Mapping[str, list[Entry]]]:
    names = [n for n in atlas.channel_names if n.channel == channel.id]
    facts = {
        "kind": channel.kind.replace("_", " "),
        "hanzi": " / ".join(
            filter(None, (channel.hanzi, *(n.name for n in names if n.kind == "traditional")))
        ),
        "pinyin": channel.pinyin,
        "also_called": [n.name for n in names if n.kind != "traditional"],
        "limb_pair": channel.limb_pair,
        "points": channel.n_points,
        "binds": channel.binds,
        "muscles_reported": channel.muscles_reported,
        "note": channel.note,
    }
    branches: dict[int, list[t.ChannelRegion]] = {}
    for row in sorted(atlas.regions_of_channel.get(channel.id, ()), key=lambda r: (r.branch, r.position)):
        branches.setdefault(row.branch, []).append(row)
    return facts, {
        "course": [
            {
                "branch": "main" if branch == 0 else str(branch),
                "regions": [r.region for r in rows],
                **_trust(rows[0].provenance),
                "sources": list(dict.fromkeys(s for r in rows for s in r.provenance.sources)),
            }
            for branch, rows in branches.items()
        ],
        "acupoints": [
            {**_acupoint_line(a), "region": a.region}
            for a in atlas.acupoints.values()
            if a.meridian == channel.id
        ],
    }


def _region(atlas: Atlas, region: t.Region) -> tuple[Entry, Mapping[str, list[Entry]]]:
    facts = {
        "also_called": list(region.names),
        "area": region.area,
        "sides": "midline" if region.midline else "left and right",
        "where": region.where,
        "size_cm2": region.area_cm2,
        "acupoints": [a.code for a in atlas.acupoints.values() if a.region == region.id],
        "channels": list(dict.fromkeys(r.channel for r in atlas.channel_regions if r.region == region.id)),
        "refers_here": f"tautband atlas where {region.id}",
    }
    neighbours = [
        {"region": n.neighbour, "side": n.side, "border_share": n.border_share, **_trust(n.provenance)}
        for n in sorted(atlas.neighbours_of.get(region.id, ()), key=lambda n: -n.border_share)
    ]
    return facts, {"neighbours": neighbours}


def _question(atlas: Atlas, question: t.Question) -> tuple[Entry, Mapping[str, list[Entry]]]:
    facts = {
        "ask": question.ask,
        "why_asked": question.why_asked,
        "asked_when": question.applies_when,
        "group": question.group,
        "tier": question.tier,
        "seconds": question.seconds,
    }
    word = re.compile(rf"\b{re.escape(question.id)}\b")
    return facts, {
        "choices": [
            {"answer": a.answer, "label": a.label, "base_rate": a.base_rate, **_trust(a.provenance)}
            for a in atlas.answers_of.get(question.id, ())
        ],
        "red_flags": [
            {"id": f.id, "name": f.name, "urgency": f.urgency, "when": f.when, **_trust(f.provenance)}
            for f in atlas.red_flags.values()
            if word.search(f.when)
        ],
    }


def _red_flag(atlas: Atlas, flag: t.RedFlag) -> tuple[Entry, Mapping[str, list[Entry]]]:
    facts = {
        "points_to": flag.condition,
        "urgency": flag.urgency,
        "holds_when": flag.when,
        "action": flag.action,
        "evidence": flag.evidence,
    }
    return facts, {
        "catches": [
            {"id": r.lookalike, "name": atlas.lookalikes[r.lookalike].name, **_trust(r.provenance)}
            for r in atlas.red_flag_causes
            if r.red_flag == flag.id
        ]
    }


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


_MAKERS: Mapping[str, tuple[Callable[[Atlas, Any], tuple[Entry, Mapping[str, list[Entry]]]], str]] = {
    "muscle": (_muscle, "muscles"),
    "muscle_group": (_muscle_group, "muscle_groups"),
    "trigger_point": (_trigger_point, "trigger_points"),
    "lookalike": (_lookalike, "lookalikes"),
    "acupoint": (_acupoint, "acupoints"),
    "channel": (_channel, "channels"),
    "region": (_region, "regions"),
    "question": (_question, "questions"),
    "red_flag": (_red_flag, "red_flags"),
}
