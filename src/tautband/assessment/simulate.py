"""Patients drawn from the model itself, to check that the engine's probabilities are right.

A simulated patient is what the network assumes a patient to be: one main source drawn by its prior, companions active
independently, an extent for each active cause, places painted by any of them or by the leak, movements ticked, further
active points as studies found them in such a complaint, answers given by the main source alone, and palpation signs
that tell active from inactive trigger points exactly as far as the engine believes them. They show that the arithmetic
is right, not that the knowledge is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.random import Generator

from tautband.assessment.case import Case, Finding, PaintedRegion
from tautband.assessment.model import MOVEMENTS, NONE_OF_THESE, Model, ModelCause, compile_model, place_of
from tautband.assessment.network import active_beside, can_affect
from tautband.assessment.next_step import PALPATED, NextStep
from tautband.atlas import Atlas

STRENGTHS = (3, 7)
"""Usual strengths of pain that brings people to a practitioner, of 10."""

AGES = (18, 90)
"""Adults of every age alike: the model says nothing about how old people with pain are."""


@dataclass(frozen=True, eq=False)
class World:
    """Where patients come from: an atlas and its model, which need not be those of the engine that judges them.

    Attributes
    ----------
    atlas
        Its referral patterns, priors and strengths are the truth.
    tempered_signs
        Whether palpation signs are as weak as the engine takes them (`palpation_trust`), or independent of each
        other as their published figures would have them.
    """

    atlas: Atlas
    tempered_signs: bool = True

    @property
    def model(self) -> Model:
        """The compiled model of the atlas."""
        return compile_model(self.atlas)

    @cached_property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Every place a person can paint."""
        return tuple(
            dict.fromkeys(
                place_of(self.atlas, region, side)
                for region in self.atlas.regions
                for side in ("left", "right")
            )
        )

    @cached_property
    def companions(self) -> np.ndarray:
        """Chance of each cause to be active beside the main source."""
        return np.array([cause.companion for cause in self.model.causes])

    @cached_property
    def mains(self) -> np.ndarray:
        """Weight of each cause as the main source; one that can paint nothing is nobody's complaint."""
        return np.array(
            [cause.main if any(e.paints for e in cause.extents) else 0.0 for cause in self.model.causes]
        )

    @cached_property
    def signs(self) -> Mapping[bool, tuple[np.ndarray, np.ndarray]]:
        """For inactive and active points, the rows of sign patterns that palpation can show and their chances."""
        rows = [self.atlas.palpation_signs[sign] for sign in PALPATED]
        patterns = np.array(np.meshgrid(*[(False, True)] * len(rows))).T.reshape(-1, len(rows))
        idle = np.array([_product(p, [r.p_if_inactive for r in rows]) for p in patterns])
        hit = np.array([_product(p, [r.p_if_active for r in rows]) for p in patterns])
        if self.tempered_signs:
            idle, hit = temper(idle, hit, self.model.parameters["palpation_trust"])
        return {False: (patterns, idle), True: (patterns, hit)}


@dataclass(frozen=True)
class Patient:
    """A simulated person with the truth about their pain.

    Attributes
    ----------
    case
        What they painted, with age and sex; nothing asked yet.
    main
        The main source.
    active
        Every active cause by id and side, the main source among them.
    shown
        Those of them that can show themselves in the drawing and on movement.
    """

    case: Case
    main: ModelCause
    active: frozenset[tuple[str, str]]
    shown: frozenset[tuple[str, str]]
    world: World = field(repr=False)
    seed: int = 0

    def respond(self, step: NextStep) -> tuple[str, ...] | Finding | None:
        """Answer a question or show what pressing a trigger point finds; the same whenever it is asked."""
        return self.answer(step.id) if step.kind == "question" else self.press(step.id, step.side)

    def answer(self, question: str) -> tuple[str, ...]:
        """Ticked answers to a question, as the main source makes people answer it."""
        chance = self._generator(question)
        if question == MOVEMENTS:
            return self._movements(chance)
        answers = self.world.model.answers
        rates = answers.distribution(question, self.main)
        if answers.exclusive[question]:
            p = np.array(list(rates.values()))
            return (list(rates)[int(chance.choice(len(p), p=p / p.sum()))],)
        ticked = tuple(a for a, rate in rates.items() if a not in NONE_OF_THESE and chance.random() < rate)
        return ticked or tuple(a for a in rates if a in NONE_OF_THESE)

    def press(self, point: str, side: str) -> Finding:
        """Show what palpation of a trigger point finds."""
        patterns, p = self.world.signs[(point, side) in self.active]
        shown = patterns[int(self._generator(f"{point} {side}").choice(len(p), p=p))]
        return Finding(point, side, **{sign: bool(s) for sign, s in zip(PALPATED, shown, strict=True)})

    def _movements(self, chance: Generator) -> tuple[str, ...]:
        atlas, model = self.world.atlas, self.world.model
        areas = {atlas.regions[p.region].area for p in self.case.pain}
        ticked = []
        for choice in atlas.answers_of[MOVEMENTS]:
            if areas.intersection(choice.offered_for_areas):
                still = 1.0 - model.answers.rates[MOVEMENTS][choice.answer]
                for key in sorted(self.shown):
                    still *= 1.0 - model.causes[model.by_id[key]].moves.get(choice.answer, 0.0)
                if chance.random() >= still:
                    ticked.append(choice.answer)
        return tuple(ticked)

    def _generator(self, about: str) -> Generator:
        return np.random.default_rng([self.seed, *about.encode()])


def painted_something(case: Case) -> bool:
    """Whether the person has a complaint at all."""
    return bool(case.pain)


def draw_patient(
    world: World, chance: Generator, accept: Callable[[Case], bool] = painted_something
) -> Patient:
    """Draw a patient.

    Parameters
    ----------
    world
        Where the patient comes from.
    chance
        The source of randomness.
    accept
        Draws are repeated until this holds of the case. A condition on what the engine sees anyway (the drawing)
        leaves every posterior as it is, so calibration must hold among the accepted too.
    """
    while True:
        patient = _draw(world, chance)
        if accept(patient.case):
            return patient


def temper(idle: np.ndarray, hit: np.ndarray, trust: float) -> tuple[np.ndarray, np.ndarray]:
    """Two distributions whose likelihood ratio is that of `hit` to `idle` raised to `trust`, pattern by pattern.

    Both are drawn towards each other: `idle * ratio**t` and `idle * ratio**(t + trust)`, with the `t` that gives them
    the same normaliser.
    """
    ratio = hit / idle
    low, high = 0.0, 1.0 - trust
    for _ in range(60):
        middle = (low + high) / 2
        if (idle * ratio**middle).sum() > (idle * ratio ** (middle + trust)).sum():
            low = middle
        else:
            high = middle
    return _normalised(idle * ratio**low), _normalised(idle * ratio ** (low + trust))


def _draw(world: World, chance: Generator) -> Patient:
    model = world.model
    person = Case(
        age=float(chance.integers(AGES[0], AGES[1] + 1)), sex=("female", "male")[int(chance.integers(2))]
    )
    weights = world.mains
    main = int(np.searchsorted(np.cumsum(weights), chance.random() * weights.sum()))
    while not can_affect(model.causes[main], person):
        main = int(np.searchsorted(np.cumsum(weights), chance.random() * weights.sum()))
    companions = np.flatnonzero(chance.random(len(weights)) < world.companions)
    active = sorted({main, *(int(i) for i in companions if can_affect(model.causes[int(i)], person))})
    leaks = np.flatnonzero(chance.random(len(world.places)) < model.parameters["leak_region"])
    painted = {world.places[int(i)] for i in leaks}
    for i in active:
        shown = _paint(model.causes[i], chance)
        while i == main and not shown:
            # a source that shows nowhere is nobody's complaint
            shown = _paint(model.causes[i], chance)
        painted |= shown
    shown_by = frozenset((model.causes[i].id, model.causes[i].side) for i in active)
    # people with such a complaint have more active points than the drawing needs
    beside = active_beside([place for place in world.places if place in painted], model.complaints)
    quiet = frozenset(key for key, share in beside.items() if chance.random() < share)
    # how strong it is says nothing of the cause; red flags wait for it, so it is always told
    strength = float(chance.integers(STRENGTHS[0], STRENGTHS[1] + 1))
    return Patient(
        case=Case(
            age=person.age,
            sex=person.sex,
            pain=tuple(PaintedRegion(*place, strength) for place in world.places if place in painted),
        ),
        main=model.causes[main],
        active=shown_by | quiet,
        shown=shown_by,
        world=world,
        seed=int(chance.integers(2**32)),
    )


def _paint(cause: ModelCause, chance: Generator) -> set[tuple[str, str]]:
    shares = np.array([extent.share for extent in cause.extents])
    paints = cause.extents[int(chance.choice(len(shares), p=shares / shares.sum()))].paints
    return {place for place, p in paints.items() if chance.random() < p}


def _product(pattern: np.ndarray, chances: list[float]) -> float:
    return float(np.prod(np.where(pattern, chances, 1.0 - np.array(chances))))


def _normalised(weights: np.ndarray) -> np.ndarray:
    result: np.ndarray = weights / weights.sum()
    return result
