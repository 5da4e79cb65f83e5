"""The installed `tautband atlas` commands, as a person or a program runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PLAIN = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "PYTHONUTF8": "1"}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("tautband")
    return subprocess.run(
        [program, "atlas", *arguments],
        env=os.environ | PLAIN,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def text(*arguments: str) -> str:
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def data(*arguments: str) -> Any:
    return json.loads(text(*arguments, "--format", "json"))


@pytest.fixture
def own_tables(tmp_path: Path) -> Path:
    """A clinic's own tables: a source, another word for the temple, a new referral."""
    (tmp_path / "sources.csv").write_text(
        "id,kind,title,url\nour_audit,web,Our audit,https://example.org/audit\n", encoding="utf-8"
    )
    (tmp_path / "referrals.csv").write_text(
        "trigger_point,region,side,zone,sources,confidence,source_read\n"
        "upper_trapezius_1,temple,same,spillover,our_audit,low,yes\n"
        "infraspinatus_1,temple,opposite,spillover,our_audit,low,yes\n",
        encoding="utf-8",
    )
    return tmp_path


def test_check_says_that_the_shipped_atlas_is_sound_and_what_rests_on_memory() -> None:
    told = text("check")
    assert "is sound" in told
    assert "rest on memory" in told
    assert "trigger_points" in told


def test_check_gives_a_program_the_same() -> None:
    report = data("check")
    assert report["sound"] is True
    assert report["problems"] == []
    assert {"table", "rows", "from_memory", "own_judgement"} <= set(report["tables"][0])


def test_show_a_muscle_tells_names_nerve_referral_acupoints_and_sources() -> None:
    told = text("show", "infraspinatus")
    for part in (
        "Musculus infraspinatus",
        "suprascapular nerve (C5, C6)",
        "infraspinatus_1",
        "essential",
        "spill-over",
        "provoked by",
        "tests",
        "SI11 Tiānzōng 天宗",
        "Sources",
    ):
        assert part in told, part


def test_show_a_muscle_tells_how_it_is_needled_and_what_closes_it() -> None:
    told = " ".join(text("show", "upper_trapezius").split())
    for part in (
        "risk high",
        "high risk: closed without advanced training declared",
        "prone, side-lying or supine",
        "pincer palpation",
        "stays within the grip",
        "10 mm at most: pleura",
        "average build",
        "5 mm at most",
        "lung and its lining (pleura), ",
    ):
        assert part in told or part.rstrip(", ") in told, part
    entry = next(e for e in data("show", "upper_trapezius")["entries"] if e["kind"] == "muscle")
    (row,) = entry["tables"]["needling"]
    assert (row["risk"], row["access"], row["palpation"], row["stop"]) == (
        "high",
        "trained",
        "pincer",
        "grip",
    )
    assert row["closed"] == ["high risk: closed without advanced training declared"]
    assert {h["id"] for h in row["hazards"]} >= {"pleura", "accessory_nerve"}
    known = {s["id"] for s in entry["all_sources"]}
    average, thin = (c for c in row["ceilings"] if c["trigger_point"] == "upper_trapezius_2")
    assert (average["ceiling_mm"], thin["ceiling_mm"]) == (10, 5)
    assert "pleura" in average["structure"]
    for cited in (row, average, thin, *row["hazards"]):
        assert cited["sources"]
        assert set(cited["sources"]) <= known


def test_show_a_muscle_that_is_only_needled_superficially_says_so_on_every_line() -> None:
    told = " ".join(text("show", "muscle:supraspinatus").split())
    for part in ("the tip stays over the muscle", "superficial needling only", "only on a screen"):
        assert part in told, part
    assert "lift the muscle off the chest" not in told
    assert "tilted forward" not in told
    (entry,) = data("show", "muscle:supraspinatus")["entries"]
    (row,) = entry["tables"]["needling"]
    assert row["superficial"]["needed"] == "always"
    assert (row["stop"], row["superficial"]["stop"]) == ("bone", "over_muscle")


def test_show_a_muscle_without_a_depth_says_so_and_one_from_memory_is_closed() -> None:
    assert "no sourced depth" in text("show", "muscle:gluteus_medius")
    assert "known from memory only" in " ".join(text("show", "muscle:digastric").split())
    assert "no safe blind depth" in " ".join(text("show", "muscle:rectus_abdominis").split())


def test_show_an_acupoint_tells_both_vocabularies_and_that_its_depth_is_not_a_safe_one() -> None:
    told = text("show", "GB21")
    for part in ("Jiānjǐng", "肩井", "upper_trapezius_1", "contested", "not a safe depth", "pneumothorax"):
        assert part in told, part


@pytest.mark.parametrize("name", ["GB21", "gb-21", "jianjing", "Jiān jǐng", "肩井"])
def test_show_finds_an_acupoint_by_every_name(name: str) -> None:
    (entry,) = data("show", name)["entries"]
    assert (entry["kind"], entry["id"]) == ("acupoint", "GB21")


@pytest.mark.parametrize(
    ("name", "kind", "fact"),
    [
        ("infraspinatus", "muscle", "nerve"),
        ("masseter", "muscle_group", "also_called"),
        ("infraspinatus_1", "trigger_point", "location"),
        ("migraine", "lookalike", "urgency"),
        ("GB21", "acupoint", "hanzi"),
        ("gallbladder channel", "channel", "pinyin"),
        ("temple", "region", "where"),
        ("pain_duration", "question", "ask"),
        ("cauda_equina_bilateral", "red_flag", "action"),
    ],
)
def test_show_knows_every_kind_in_text_and_json(name: str, kind: str, fact: str) -> None:
    (entry,) = data("show", name)["entries"]
    assert entry["kind"] == kind
    assert entry["facts"][fact]
    assert entry["all_sources"]
    assert entry["confidence"] in ("high", "medium", "low")
    assert entry["label"] in text("show", name)


def test_show_gives_both_when_two_things_share_a_name() -> None:
    assert [e["id"] for e in data("show", "zhongzhu")["entries"]] == ["KI15", "TE3"]


def test_where_lists_what_refers_to_one_side_of_a_place() -> None:
    (place,) = data("where", "left:temple")["places"]
    first = place["tables"]["trigger_points"][0]
    assert (first["id"], first["side"], first["zone"]) == ("upper_trapezius_1", "left", "essential")
    told = text("where", "left:temple")
    for part in ("Temple, left", "upper_trapezius_1", "giant_cell_arteritis", "EX-HN5 Tàiyáng 太阳", "GB"):
        assert part in told, part


def test_where_without_a_side_gives_both_sides_as_mirror_images() -> None:
    left, right = data("where", "temple")["places"]
    assert (left["side"], right["side"]) == ("left", "right")
    swap = {"left": "right", "right": "left", "midline": "midline"}
    for table in ("trigger_points", "lookalikes"):
        assert [(r["id"], swap[r["side"]]) for r in left["tables"][table]] == [
            (r["id"], r["side"]) for r in right["tables"][table]
        ]
    assert "left and right mirror exactly" in text("where", "temples")


def test_where_on_the_midline_gives_one_place() -> None:
    (place,) = data("where", "sacrum")["places"]
    assert place["side"] == "midline"
    assert "either side" in text("where", "sacrum")


def test_search_lists_the_best_hits_first() -> None:
    hits = data("search", "calf", "--limit", "6")["hits"]
    assert len(hits) == 6
    assert "gastrocnemius" in {hit["id"] for hit in hits}
    assert "gastrocnemius" in text("search", "calf")


def test_search_for_nothing_known_says_so() -> None:
    assert text("search", "qqqqqqqq") == "nothing found for 'qqqqqqqq'\n"


def test_diff_reports_added_and_replaced_rows(own_tables: Path) -> None:
    changes = data("diff", str(own_tables))["changes"]
    assert {(c["table"], c["key"], c["kind"]) for c in changes} == {
        ("sources", "our_audit", "added"),
        ("referrals", "upper_trapezius_1, temple, same", "replaced"),
        ("referrals", "infraspinatus_1, temple, opposite", "added"),
    }
    told = text("diff", str(own_tables))
    assert "zone: essential → spillover" in told
    assert "2 rows added, 1 replaced; all rows pass their checks." in told


def test_diff_names_rows_that_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "red_flags.csv").write_text(
        "id,name,condition,urgency,when,action,evidence,sources,confidence,source_read\n"
        "mine,Mine,a danger,urgent,fevr and age >,Go,seen,own_judgement,medium,yes\n",
        encoding="utf-8",
    )
    result = run("diff", str(tmp_path))
    assert result.returncode == 2
    assert "1 row added, 0 replaced; some rows do not pass their checks." in result.stdout
    assert "red_flags.csv row mine" in result.stderr


def test_tables_of_ones_own_are_laid_over_every_command(own_tables: Path) -> None:
    (place,) = data("where", "left:temple", "--atlas", str(own_tables))["places"]
    felt = {(r["id"], r["side"]): r["zone"] for r in place["tables"]["trigger_points"]}
    assert felt["upper_trapezius_1", "left"] == "spillover"
    assert felt["infraspinatus_1", "right"] == "spillover"
    assert "Our audit" in text("show", "infraspinatus", "--atlas", str(own_tables))
    assert "is sound" in text("check", "--atlas", str(own_tables))
    assert data("search", "calf", "--atlas", str(own_tables))["atlas"] != data("search", "calf")["atlas"]


def test_check_ends_with_2_when_tables_of_ones_own_do_not_fit(own_tables: Path) -> None:
    (own_tables / "aliases.csv").write_text(
        "kind,old_id,new_id,why\nmuscle,old_name,infraspinatis,a slip\n", encoding="utf-8"
    )
    done = run("check", "--atlas", str(own_tables))
    assert done.returncode == 2
    assert "'infraspinatis' does not exist; did you mean 'infraspinatus'?" in " ".join(done.stdout.split())


def test_check_reads_the_rules_of_tables_of_ones_own(own_tables: Path) -> None:
    (own_tables / "red_flags.csv").write_text(
        "id,name,condition,urgency,when,action,evidence,sources,confidence,source_read\n"
        "ours,Ours,danger,urgent,area(head) and feverr,Send on.,,our_audit,low,yes\n"
        "garbled,Garbled,danger,urgent,area(head,Send on.,,our_audit,low,yes\n".replace(
            "area(head,Send", '"area(head",Send'
        ),
        encoding="utf-8",
    )
    done = run("check", "--atlas", str(own_tables), "--format", "json")
    assert done.returncode == 2
    told = {(p["row"], p["what"]) for p in json.loads(done.stdout)["problems"]}
    assert ("ours", "unknown question 'feverr'") in told
    assert any(row == "garbled" and "rule at" in what for row, what in told)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["show", "infraspinatis"], "nothing in the atlas is called 'infraspinatis'; did you mean"),
        (["show", "wrist"], "'wrist' names several: region:wrist_dorsal_radial"),
        (["show", ""], "nothing in the atlas is called ''"),
        (["where", "left:tempel"], "nothing in the atlas is called 'tempel'; did you mean 'temple'?"),
        (["where", "lft:temple"], "side 'lft' does not exist; did you mean 'left'?"),
        (["where", "left:sacrum"], "sacrum is not on side 'left'; write midline:sacrum"),
        (["show", "GB21", "--atlas", "nowhere"], "atlas directory 'nowhere' does not exist"),
        (["check", "--atlas", "nowhere"], "atlas directory 'nowhere' does not exist"),
        (["diff", "nowhere"], "atlas directory 'nowhere' does not exist"),
    ],
)
def test_unusable_input_ends_with_2_and_one_line(arguments: list[str], line: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_broken_row_ends_every_command_with_2_and_one_line(own_tables: Path) -> None:
    (own_tables / "referrals.csv").write_text(
        "trigger_point,region,side,zone,sources,confidence,source_read\n"
        "infraspinatus_1,tempel,same,spillover,our_audit,low,yes\n",
        encoding="utf-8",
    )
    expected = (
        "tautband: referrals.csv row infraspinatus_1, tempel, same, column 'region': 'tempel' is not in "
        "regions.csv; did you mean 'temple'?\n"
    )
    for arguments in (["check"], ["show", "GB21"], ["where", "temple"], ["search", "calf"]):
        done = run(*arguments, "--atlas", str(own_tables))
        assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)
    assert run("diff", str(own_tables)).stderr == expected


@pytest.mark.parametrize(
    "arguments",
    [["show"], ["show", "GB21", "--format", "yaml"], ["search", "calf", "--limit", "0"], ["shwo"]],
)
def test_a_wrong_command_line_ends_with_2_and_no_traceback(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("tautband: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
