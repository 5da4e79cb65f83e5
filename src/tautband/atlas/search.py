"""Find things in the atlas by any of their names, and what refers pain to a place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache

from tautband.atlas import tables as t
from tautband.atlas.atlas import Atlas
from tautband.errors import AtlasError, nearest

KINDS = (
    "muscle",
    "muscle_group",
    "trigger_point",
    "lookalike",
    "acupoint",
    "channel",
    "region",
    "question",
    "red_flag",
)
"""What can be found, in the order in which equally good hits are listed."""

SIDES = ("left", "right", "midline")
OPPOSITE = {"left": "right", "right": "left", "midline": "midline"}
ZONES = ("essential", "spillover", "local", "core", "often", "sometimes")

EXACT, PREFIX, WORD, WORD_PREFIX, CLOSE = 100.0, 80.0, 60.0, 40.0, 15.0
SENTENCE = 35.0  # what a hit in running text loses against the same hit in a name
MANY = 6  # choices named in an error line
LENGTH = 9.0  # what a match of the whole name gains over a match of its smallest part


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: what it is, its id and label, the name that matched, and how well (100 is exact)."""

    kind: str
    id: str
    label: str
    matched: str
    score: float


@dataclass(frozen=True, slots=True)
class Referrer:
    """A trigger point or look-alike felt at a place, with its side and the zone the place has for it.

    The side of a look-alike that is not one-sided is `midline`.
    """

    kind: str
    id: str
    side: str
    zone: str
    provenance: t.Provenance


@dataclass(frozen=True, slots=True)
class PlaceReport:
    """All that concerns a place: what is felt there, and what lies there in both vocabularies."""

    region: str
    side: str
    trigger_points: tuple[Referrer, ...]
    lookalikes: tuple[Referrer, ...]
    sites: tuple[str, ...]
    acupoints: tuple[str, ...]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Name:
    kind: str
    id: str
    label: str
    text: str
    words: tuple[str, ...]
    compact: str
    is_sentence: bool


def fold(text: str) -> str:
    """Reduce a name to what people agree on: no case, no tone marks or accents, no spaces, hyphens or dots.

    Parameters
    ----------
    text
        A name as typed or as the atlas holds it.

    Returns
    -------
    str
        `"jianjing"` for `"Jiān-jǐng"`, `"li4"` for `"LI 04"`.
    """
    return _join(_words(text))


def search(atlas: Atlas, text: str, limit: int = 20) -> tuple[Hit, ...]:
    """Find what a text may mean, best first: whole names, beginnings, words; close spellings if nothing fits.

    Parameters
    ----------
    atlas
        The atlas to look in.
    text
        A name, a part of one, or words: English, Latin, pinyin, hanzi, a code.
    limit
        How many hits to return at most.
    """
    words = _words(text)
    if not words:
        return ()
    compact = _join(words)
    best: dict[tuple[str, str], Hit] = {}
    for name in _index(atlas):
        score = _score(name, words, compact)
        if score > 0 and ((key := (name.kind, name.id)) not in best or best[key].score < score):
            best[key] = Hit(name.kind, name.id, name.label, name.text, round(score, 2))
    hits = best.values() or _close_hits(atlas, compact)
    return tuple(sorted(hits, key=lambda h: (-h.score, KINDS.index(h.kind), h.id))[:limit])


def find(atlas: Atlas, text: str, kinds: tuple[str, ...] = KINDS) -> Hit:
    """Resolve a name to the one thing it means.

    Parameters
    ----------
    atlas
        The atlas to look in.
    text
        A name as in `find_all`.
    kinds
        The kinds that are acceptable.

    Raises
    ------
    AtlasError
        If nothing has this name (the nearest names are given) or several things have it (they are given).
    """
    found = find_all(atlas, text, kinds)
    if len(found) == 1:
        return found[0]
    choices = [h.id if len(kinds) == 1 else f"{h.kind}:{h.id}" for h in found]
    more = f" and {len(choices) - MANY} more" if len(choices) > MANY else ""
    raise AtlasError(f"{text!r} names several: {', '.join(choices[:MANY])}{more}; write one of these")


def find_all(atlas: Atlas, text: str, kinds: tuple[str, ...] = KINDS) -> tuple[Hit, ...]:
    """List everything that has exactly this name; an id goes before a name, and tone marks tell apart.

    Parameters
    ----------
    atlas
        The atlas to look in.
    text
        An id, a former id, or any name; case, tone marks, spaces and hyphens do not matter.
        `region:temple` and `gallbladder channel` say the kind as well.
    kinds
        The kinds that are acceptable.

    Raises
    ------
    AtlasError
        If nothing has this name; the nearest names are given.
    """
    kind, colon, rest = text.partition(":")
    if colon and kind in kinds:
        return find_all(atlas, rest, (kind,))
    spoken = re.fullmatch(r"(.+?)\s+(channel|meridian|vessel)", text.strip(), re.IGNORECASE)
    found = _exact(atlas, spoken[1], ("channel",)) if spoken and "channel" in kinds else ()
    found = found or _exact(atlas, text, kinds)
    if not found:
        raise AtlasError(f"nothing in the atlas is called {text!r}{_suggestions(atlas, text, kinds)}")
    return found


def read_place(atlas: Atlas, text: str) -> tuple[tuple[str, str], ...]:
    """Read a place as people write it: `left:temple`, `left temple`, `temple` (both sides), `sacrum`.

    Parameters
    ----------
    atlas
        The atlas whose regions may be named.
    text
        A region by any of its names, with or without a side.

    Returns
    -------
    tuple[tuple[str, str], ...]
        Region id and side, one pair or, when no side is given, left and right.

    Raises
    ------
    AtlasError
        If no region has this name, or its side does not exist.
    """
    first, _, rest = text.strip().replace(":", " ", 1).partition(" ")
    side, name = (first.lower(), rest.strip()) if first.lower() in SIDES and rest.strip() else (None, text)
    if ":" in name or (side is None and ":" in text):
        given = text.partition(":")[0]
        if given.strip().lower() in SIDES:
            raise AtlasError(f"place {text!r}: the region is missing; write it as in 'left:temple'")
        raise AtlasError(f"place {text!r}: side {given!r} does not exist{nearest(given, SIDES)}")
    region = find(atlas, name, ("region",)).id
    own = ("midline",) if atlas.regions[region].midline else ("left", "right")
    if side is None:
        return tuple((region, s) for s in own)
    if side not in own:
        choices = " or ".join(f"{s}:{region}" for s in own)
        raise AtlasError(f"place {text!r}: {region} is not on side {side!r}; write {choices}")
    return ((region, side),)


def refers_to(atlas: Atlas, region: str, side: str) -> PlaceReport:
    """List what is felt at a place, the most telling first, and the acupoints and channels that lie there.

    Parameters
    ----------
    atlas
        The atlas to look in.
    region
        A region id.
    side
        `left`, `right`, or `midline` for a region of the midline, which both sides reach.
    """
    points = [
        Referrer("trigger_point", row.trigger_point, source, row.zone, row.provenance)
        for row in atlas.referrals
        if row.region == region
        for source in (("left", "right") if side == "midline" else (side,))
        for source in ((source if row.side == "same" else OPPOSITE[source]),)
    ]
    lookalikes = [
        Referrer("lookalike", row.lookalike, source, row.zone, row.provenance)
        for row in atlas.lookalike_regions
        if row.region == region
        for source in _lookalike_sides(atlas.lookalikes[row.lookalike], side)
    ]
    return PlaceReport(
        region=region,
        side=side,
        trigger_points=tuple(
            sorted(
                points,
                key=lambda p: (
                    ZONES.index(p.zone),
                    -atlas.trigger_points[p.id].commonness,
                    p.id,
                    SIDES.index(p.side),
                ),
            )
        ),
        lookalikes=tuple(
            sorted(
                lookalikes,
                key=lambda p: (
                    ZONES.index(p.zone),
                    -t.URGENCIES.index(atlas.lookalikes[p.id].urgency),
                    p.id,
                    SIDES.index(p.side),
                ),
            )
        ),
        sites=tuple(p.id for p in atlas.trigger_points.values() if p.region == region),
        acupoints=tuple(a.code for a in atlas.acupoints.values() if a.region == region),
        channels=tuple(dict.fromkeys(r.channel for r in atlas.channel_regions if r.region == region)),
    )


def _lookalike_sides(lookalike: t.LookAlike, side: str) -> tuple[str, ...]:
    if lookalike.laterality != "sided":
        return ("midline",)
    return ("left", "right") if side == "midline" else (side,)


def _words(text: str) -> tuple[str, ...]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return tuple(re.findall(r"[^\W_]+", plain.casefold()))


def _join(words: Iterable[str]) -> str:
    return re.sub(r"(?<=[a-z])0+(?=\d)", "", "".join(words))


def _spoken(text: str) -> str:
    """Keep tone marks, so that they can tell two names apart when they are typed."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", text).casefold())


@lru_cache(maxsize=4)
def _index(atlas: Atlas) -> tuple[_Name, ...]:
    seen: dict[tuple[str, str, str], _Name] = {}
    for kind, identity, label, texts, sentences in _entries(atlas):
        for text, is_sentence in [(x, False) for x in texts] + [(x, True) for x in sentences]:
            words = _words(text)
            name = _Name(kind, identity, label, text, words, _join(words), is_sentence)
            if words:
                seen.setdefault((kind, identity, _spoken(text)), name)
    return tuple(seen.values())


_Entry = tuple[str, str, str, Iterable[str], Iterable[str]]


def _entries(atlas: Atlas) -> Iterator[_Entry]:
    """Give kind, id, label, names and running text of everything that can be found; ids come first."""
    former = _former_ids(atlas)
    for muscle in atlas.muscles.values():
        yield "muscle", muscle.id, muscle.name, (muscle.id, muscle.name, muscle.latin), ()
        yield "muscle", muscle.id, muscle.name, former("muscle", muscle.id), (muscle.group,)
    for group in atlas.muscle_groups.values():
        yield "muscle_group", group.group, group.name, (group.group, group.name), ()
        for member in group.members:
            yield "muscle", member, atlas.muscles[member].name, (), (group.name,)
    for named in atlas.muscle_names:
        if named.muscle in atlas.muscles:
            yield "muscle", named.muscle, atlas.muscles[named.muscle].name, (named.name,), ()
        elif named.muscle in atlas.muscle_groups:
            group = atlas.muscle_groups[named.muscle]
            yield "muscle_group", group.group, group.name, (named.name,), ()
            for member in group.members:
                yield "muscle", member, atlas.muscles[member].name, (), (named.name,)
    for point in atlas.trigger_points.values():
        label = f"{atlas.muscles[point.muscle].name}: {point.label}"
        names = (point.id, label, *former("trigger_point", point.id))
        yield "trigger_point", point.id, label, names, (point.location,)
    for cause in atlas.lookalikes.values():
        names = (cause.id, cause.name, *former("lookalike", cause.id))
        yield "lookalike", cause.id, cause.name, names, cause.signs
    for called in atlas.lookalike_names:
        yield "lookalike", called.lookalike, atlas.lookalikes[called.lookalike].name, (called.name,), ()
    yield from _acupoint_entries(atlas)
    yield from _channel_entries(atlas)
    for region in atlas.regions.values():
        names = (region.id, region.label, *region.names, *former("region", region.id))
        yield "region", region.id, region.label, names, (region.where,)
    for question in atlas.questions.values():
        answers = tuple(a.label for a in atlas.answers_of.get(question.id, ()) if question.type == "choice")
        names = (question.id, question.ask, *former("question", question.id))
        yield "question", question.id, question.ask, names[:1] + names[2:], (question.ask, *answers)
    for flag in atlas.red_flags.values():
        names = (flag.id, flag.name, *former("red_flag", flag.id))
        yield "red_flag", flag.id, flag.name, names, (flag.condition,)


def _acupoint_entries(atlas: Atlas) -> Iterator[_Entry]:
    prefixes: dict[str, list[str]] = {}
    for named in atlas.channel_names:
        if named.kind == "abbreviation":
            prefixes.setdefault(named.channel, []).append(named.name)
    for point in atlas.acupoints.values():
        number = point.code.removeprefix(point.meridian)
        codes = [point.code, *(f"{prefix}{number}" for prefix in prefixes.get(point.meridian, ()))]
        names = (*codes, point.pinyin_tones, point.pinyin, point.hanzi, point.hanzi_traditional, point.gloss)
        label = " ".join(filter(None, (point.code, point.pinyin_tones or point.pinyin, point.hanzi)))
        yield "acupoint", point.code, label, names, (point.location,)


def _channel_entries(atlas: Atlas) -> Iterator[_Entry]:
    for channel in atlas.channels.values():
        short = channel.name.partition(" (")[0]
        yield "channel", channel.id, channel.name, (channel.id, channel.name, short), ()
        yield "channel", channel.id, channel.name, (channel.pinyin, channel.hanzi), ()
    for named in atlas.channel_names:
        yield "channel", named.channel, atlas.channels[named.channel].name, (named.name,), ()


def _former_ids(atlas: Atlas) -> Callable[[str, str], tuple[str, ...]]:
    old: dict[tuple[str, str], list[str]] = {}
    for alias in atlas.aliases:
        old.setdefault((alias.kind.removesuffix("_split"), alias.new_id), []).append(alias.old_id)
    return lambda kind, new_id: tuple(old.get((kind, new_id), ()))


def _score(name: _Name, words: tuple[str, ...], compact: str) -> float:
    if name.compact == compact:
        score = EXACT
    else:
        if len(compact) > 1 and name.compact.startswith(compact):
            score = PREFIX
        elif all(w in name.words for w in words) or (not compact.isascii() and compact in name.compact):
            score = WORD
        elif all(len(w) > 1 and any(n.startswith(w) for n in name.words) for w in words):
            score = WORD_PREFIX
        else:
            return 0.0
        score += LENGTH * len(compact) / max(len(name.compact), len(compact))
    return score - SENTENCE if name.is_sentence else score


def _close_hits(atlas: Atlas, compact: str) -> tuple[Hit, ...]:
    names: dict[str, list[_Name]] = {}
    for name in _index(atlas):
        if not name.is_sentence:
            names.setdefault(name.compact, []).append(name)
    best: dict[tuple[str, str], Hit] = {}
    for close in get_close_matches(compact, sorted(names), n=8, cutoff=0.72):
        score = round(CLOSE * SequenceMatcher(None, close, compact).ratio(), 2)
        for name in names[close]:
            best.setdefault((name.kind, name.id), Hit(name.kind, name.id, name.label, name.text, score))
    return tuple(best.values())


def _exact(atlas: Atlas, text: str, kinds: tuple[str, ...]) -> tuple[Hit, ...]:
    """All things of these kinds with exactly this name; an id goes before a name, tone marks tell apart."""
    compact = fold(text)
    named = [
        n for n in _index(atlas) if n.compact == compact and compact and n.kind in kinds and not n.is_sentence
    ]
    for better in (
        [n for n in named if n.id == text.strip()],
        [n for n in named if fold(n.id) == compact],
        [n for n in named if not n.text.isascii() and _spoken(n.text) == _spoken(text)],
        named,
    ):
        if better:
            things = {(n.kind, n.id): Hit(n.kind, n.id, n.label, n.text, EXACT) for n in better}
            return tuple(sorted(things.values(), key=lambda h: (KINDS.index(h.kind), h.id)))
    return ()


def _suggestions(atlas: Atlas, text: str, kinds: tuple[str, ...]) -> str:
    found = [h.id for h in search(atlas, text, limit=200) if h.kind in kinds]
    close = get_close_matches(
        fold(text),
        sorted({n.compact for n in _index(atlas) if n.kind in kinds and not n.is_sentence}),
        3,
        0.7,
    )
    found += [n.id for c in close for n in _index(atlas) if n.compact == c and n.kind in kinds]
    shown = list(dict.fromkeys(found))[:3]
    return f"; did you mean {' or '.join(map(repr, shown))}?" if shown else ""
