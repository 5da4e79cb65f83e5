"""Law and words: what a jurisdiction asks for, and the same act in the terms a licence allows."""

from __future__ import annotations

from dataclasses import dataclass

from tautband.atlas import Atlas


@dataclass(frozen=True, slots=True)
class LegalLine:
    """One rule of a jurisdiction; with `confirm` it was not seen and has to be asked for locally."""

    rule: str
    value: str
    text: str
    status: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """The rules of one jurisdiction, with what they mean for this plan."""

    jurisdiction: str
    name: str
    written_consent: bool
    disinfect: bool
    retention_years: int
    lines: tuple[LegalLine, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A pass in the terms of one vocabulary."""

    vocabulary: str
    act: str
    text: str


def pack_of(jurisdiction: str, atlas: Atlas) -> Pack:
    """The rules of a jurisdiction; a rule that was not seen is taken at its strictest.

    Parameters
    ----------
    jurisdiction
        Its id.
    atlas
        The packs.
    """
    strictest = {row.rule: row for row in atlas.jurisdictions if row.jurisdiction == "unset"}
    own = {row.rule: row for row in atlas.jurisdictions if row.jurisdiction == jurisdiction}
    rows = {**strictest, **own}
    years = rows["retention_years"].value
    return Pack(
        jurisdiction=jurisdiction,
        name=rows["name"].text,
        written_consent=rows["written_consent"].value in ("yes", "confirm"),
        disinfect=rows["skin_preparation"].value in ("disinfect", "confirm"),
        retention_years=int(years if years.isdigit() else strictest["retention_years"].value),
        lines=tuple(
            LegalLine(row.rule, row.value, row.text, row.status, row.provenance.sources)
            for row in rows.values()
            if row.rule != "name"
        ),
    )


def readings(
    muscle: str, side: str, acupoints: tuple[str, ...], channel: str, atlas: Atlas
) -> tuple[Reading, ...]:
    """One act in every vocabulary.

    Parameters
    ----------
    muscle
        The muscle's name.
    side
        Left or right.
    acupoints
        Named points nearby, with hanzi; may be empty.
    channel
        The sinew channel it lies on, with hanzi; may be empty.
    atlas
        The words.
    """
    names = dict.fromkeys(row.vocabulary for row in atlas.vocabularies)
    words = {name: words_of(name, atlas) for name in names}
    near = f", near {' and '.join(acupoints[:2])}" if acupoints else ""
    on = f", on {channel}" if channel else ""
    return tuple(
        Reading(
            name,
            terms["act"],
            terms["pattern"].format(muscle=muscle, side=side, near=near, channel=on),
        )
        for name, terms in words.items()
    )


def words_of(vocabulary: str, atlas: Atlas) -> dict[str, str]:
    """The terms of one vocabulary; one that says nothing about a part takes the word of the trigger point vocabulary.

    Parameters
    ----------
    vocabulary
        Its id.
    atlas
        The words.
    """
    base = {row.term: row.words for row in atlas.vocabularies if row.vocabulary == "trigger_point"}
    own = {row.term: row.words for row in atlas.vocabularies if row.vocabulary == vocabulary}
    return {**base, **own}
