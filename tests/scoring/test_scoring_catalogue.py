"""The catalogue of pairs and the built-in criteria: what ships, and one clear line for each bad entry."""

from pathlib import Path

import pytest

from scoring.criteria import CriteriaBody, builtin_criteria
from scoring.errors import BadCatalogue
from scoring.pairs import PROJECT_ROOT, ModelSpec, load_catalogue
from scoring.world import WorldRule

GOOD = """
[[pairs]]
name = "mine"
title = "My pair"
strong = "me/strong"
weak = "me/weak"
parameters = "1 B each"
context = 4096
licence = "MIT"
memory_gb = 4
"""


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    return tmp_path / "pairs.toml"


def test_the_catalogue_names_the_demo_and_the_five_pairs_of_the_hub() -> None:
    pairs = load_catalogue()
    refs = {name: (pair.strong.ref, pair.weak.ref) for name, pair in pairs.items()}
    assert refs == {
        "demo": ("demo/strong", "demo/weak"),
        "smollm2-135m": ("HuggingFaceTB/SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M"),
        "qwen2.5-0.5b": ("Qwen/Qwen2.5-0.5B-Instruct", "Qwen/Qwen2.5-0.5B"),
        "hermes-2-mistral-7b": ("NousResearch/Nous-Hermes-2-Mistral-7B-DPO", "teknium/OpenHermes-2.5-Mistral-7B"),
        "zephyr-7b": ("HuggingFaceH4/zephyr-7b-beta", "HuggingFaceH4/mistral-7b-sft-beta"),
        "llama-3.1-8b": ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B"),
    }
    for pair in pairs.values():
        assert pair.title
        assert pair.licence
        assert pair.notes
        assert pair.context >= 512
        assert pair.memory_gb > 0


def test_the_demo_pair_computes_in_float32_has_closed_criteria_and_a_world() -> None:
    demo = load_catalogue()["demo"]
    assert demo.strong == ModelSpec("demo/strong", None, "float32")
    assert demo.criteria == "closed"
    assert demo.world is not None
    assert demo.world.model == "weak"


def test_a_user_s_file_adds_pairs_and_replaces_by_name(user_file: Path) -> None:
    user_file.write_text(GOOD + GOOD.replace('"mine"', '"zephyr-7b"').replace('"MIT"', '"Mine"'))
    pairs = load_catalogue(user_file)
    assert pairs["mine"].strong == ModelSpec("me/strong", None, "auto")
    assert (pairs["mine"].template, pairs["mine"].criteria, pairs["mine"].world) == ("strong", "any", None)
    assert pairs["zephyr-7b"].licence == "Mine"
    assert "demo" in pairs


def test_everything_a_pair_may_say_is_read(user_file: Path) -> None:
    user_file.write_text(
        GOOD
        + 'dtype = "float16"\nstrong_revision = "v1"\ntemplate = "own"\nsystem_role = false\ncriteria = "closed"\n'
        + 'world = { model = "strong", prompt_min = -7 }\nnotes = "x"\n'
    )
    pair = load_catalogue(user_file)["mine"]
    assert pair.strong == ModelSpec("me/strong", "v1", "float16")
    assert pair.weak == ModelSpec("me/weak", None, "float16")
    assert (pair.template, pair.system_role, pair.criteria) == ("own", False, "closed")
    assert pair.world == WorldRule("strong", -7.0, None)


def test_a_performance_is_a_number_of_any_sign_and_may_be_left_out(user_file: Path) -> None:
    user_file.write_text(GOOD + "strong_performance = 81\nweak_performance = -0.5\n")
    pair = load_catalogue(user_file)["mine"]
    assert (pair.strong_performance, pair.weak_performance) == (81.0, -0.5)
    assert load_catalogue()["demo"].strong_performance is None


def test_models_at_servers_need_no_memory_here(user_file: Path) -> None:
    served = 'strong_url = "http://127.0.0.1:1/v1"\nweak_url = "http://127.0.0.1:1/v1"\n'
    user_file.write_text(GOOD.replace("memory_gb = 4", "memory_gb = 0") + served)
    assert load_catalogue(user_file)["mine"].memory_gb == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("title", "# title"), "title is None; it must be a text that is not empty"),
        (('"me/weak"', "3"), "weak is 3; it must be a text"),
        (("4096", "-1"), "context is -1; it must be a number above 0"),
        (("4096", "true"), "context is True"),
        (("memory_gb = 4", "memory_gb = inf"), "memory_gb is inf"),
        (("licence", 'colour = "red"\nlicence'), "unknown key 'colour'; known are"),
        (("licence", 'dtype = "int4"\nlicence'), "dtype is 'int4'; it must be one of auto"),
        (("licence", 'template = "weak"\nlicence'), "template is 'weak'"),
        (("licence", 'system_role = "yes"\nlicence'), "system_role is 'yes'"),
        (("licence", 'strong_performance = "good"\nlicence'), "strong_performance is 'good'; it must be a number"),
        (("licence", "weak_performance = nan\nlicence"), "weak_performance is nan; it must be a number"),
        (("memory_gb = 4", "memory_gb = 0"), "memory_gb is 0; it must be a number above 0"),
        (("licence", 'world = { model = "both" }\nlicence'), "needs model = 'weak' or 'strong'"),
        (("licence", 'world = { model = "weak" }\nlicence'), "has no threshold"),
        (("licence", 'world = { model = "weak", prompt_min = "low" }\nlicence'), "they must be numbers"),
    ],
)
def test_a_bad_entry_is_one_line_with_file_entry_rule_and_way_out(
    user_file: Path, change: tuple[str, str], words: str
) -> None:
    user_file.write_text(GOOD.replace(*change, 1))
    with pytest.raises(BadCatalogue) as caught:
        load_catalogue(user_file)
    line = str(caught.value)
    assert line.startswith(f"{user_file}: entry 1 (mine): ")
    assert words in line
    assert "\n" not in line


def test_every_bad_entry_has_its_line(user_file: Path) -> None:
    user_file.write_text(GOOD + GOOD + GOOD.replace("4096", "0").replace('"mine"', '"other"'))
    with pytest.raises(BadCatalogue) as caught:
        load_catalogue(user_file)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "entry 2 (mine): the name 'mine' is taken" in lines[0]
    assert "entry 3 (other): context is 0" in lines[1]


@pytest.mark.parametrize("text", ["pairs = 3", "[other]", "[[pairs]", ""])
def test_a_file_that_is_no_catalogue_is_one_line(user_file: Path, text: str) -> None:
    user_file.write_text(text)
    with pytest.raises(BadCatalogue, match=r"pairs\.toml: ") as caught:
        load_catalogue(user_file)
    assert "\n" not in str(caught.value)
    with pytest.raises(BadCatalogue, match="cannot be read as TOML"):
        load_catalogue(user_file.with_name("missing.toml"))


def test_a_world_file_must_be_there_when_the_model_is(user_file: Path) -> None:
    (user_file.parent / "strong").mkdir()
    user_file.write_text(GOOD.replace("me/strong", "strong") + 'world_file = "world.toml"\n')
    with pytest.raises(BadCatalogue, match=r"world_file 'world\.toml' cannot be read"):
        load_catalogue(user_file)
    (user_file.parent / "world.toml").write_text('model = "weak"\nresponse_min = -5.8\n')
    assert load_catalogue(user_file)["mine"].world == WorldRule("weak", None, -5.8)


def test_criteria_choose_the_instruction_by_domain() -> None:
    body = CriteriaBody("Be brief.", {"safety": "Be careful.", "chat": ""})
    assert body.instruction_for("safety") == "Be careful."
    assert body.instruction_for("chat") == ""
    assert body.instruction_for("other") == body.instruction_for(None) == "Be brief."


def test_criteria_survive_json_and_the_same_body_has_the_same_digest() -> None:
    one = CriteriaBody("Be “brief”.", {"b": "2", "a": "1"})
    other = CriteriaBody("Be “brief”.", (("a", "1"), ("b", "2")))
    assert one == other == CriteriaBody.from_json(one.to_json())
    assert one.sha256 == other.sha256 != CriteriaBody("Be brief.").sha256
    assert '"exemplars":[]' in one.to_json()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "criteria are not JSON"),
        ("[]", "must be an object with the key default"),
        ('{"default": {"instruction": "x"}, "more": 1}', "must be an object with the key default"),
        ('{"default": "x"}', "default is 'x'; it must be an object with an instruction text"),
        ('{"default": {"instruction": "x"}, "domains": []}', "domains is"),
        ('{"default": {"instruction": "x", "exemplars": [{}]}}', "default, exemplar 1 has no prompt text"),
        ('{"default": {"instruction": "x", "tone": 1}}', "only instruction and exemplars are known"),
    ],
)
def test_bad_criteria_are_one_clear_line(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        CriteriaBody.from_json(text)
    assert "\n" not in str(caught.value)


def test_the_built_in_criteria_are_the_general_sets_and_the_demo_s() -> None:
    found = builtin_criteria()
    assert list(found)[:5] == ["helpful", "by-domain", "reasoning", "safety", "none"]
    assert found["none"].body.instruction_for("safety") == ""
    assert found["by-domain"].body.instruction_for("safety") != found["by-domain"].body.instruction_for(None)
    assert any(name.startswith("demo") for name in found)
    assert all(criteria.title for criteria in found.values())


def test_a_bad_criteria_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "criteria.toml"
    for text, words in (
        ('[[criteria]]\nname = "none"\ntitle = "x"\ndefault = ""\n', "criteria 1: the name 'none' is taken"),
        ('[[criteria]]\nname = "x"\n', "criteria 1: name, title and default must be texts"),
        ('[[criteria]]\nname = "x"\ntitle = "x"\ndefault = ""\ndomains = 3\n', "domains of 'x' must map"),
        ("[[", "cannot be read as TOML"),
    ):
        path.write_text(text)
        with pytest.raises(BadCatalogue, match=words):
            builtin_criteria(path)
    with pytest.raises(BadCatalogue, match="cannot be read as TOML"):
        builtin_criteria(tmp_path / "missing.toml")


def test_no_pair_of_the_catalogue_needs_a_file_outside_the_project() -> None:
    assert (PROJECT_ROOT / "scoring" / "pairs.toml").is_file()
    assert all(not Path(pair.strong.ref).is_absolute() for pair in load_catalogue().values())
