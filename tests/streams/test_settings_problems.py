"""Settings that would be ignored or cannot work are refused, in words that say what to write instead."""

from pathlib import Path

import pytest

from omrs_schemas.errors import ConfigurationError
from omrs_streams.security import read_security
from omrs_streams.settings import load_settings


def refused(tmp_path: Path, text: str) -> str:
    file = tmp_path / "server.yaml"
    file.write_text(f"server: s\n{text}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cohorts: [{name: c, topic_root: egeria.omag}]", "give `encoding: egeria-json` with it"),
        (
            "cohorts: [{name: c, encoding: egeria-json, topic_root: 'a b'}]",
            "'a b' cannot start the name of a Kafka topic",
        ),
        (f"cohorts: [{{name: c, encoding: egeria-json, topic_root: {'a' * 250}}}]", "cannot start the name"),
        ("events_to_save: {rule: SELECTED_TYPES}", "events_to_save: `rule: SELECTED_TYPES` needs `types`"),
        ("events_to_send: {rule: DESELECTED_TYPES, types: []}", "`rule: DESELECTED_TYPES` needs `types`"),
        (
            "cohorts: [{name: c, events_to_process: {types: [A]}}]",
            "cohorts.0.events_to_process: `rule: ALL` takes no `types`",
        ),
        ("events_to_send: {rule: JUST_TYPEDEFS, types: [A]}", "takes no `types`; give `rule: SELECTED_TYPES`"),
        ("events_to_send: {rule: REGISTRATION_ONLY, types: [A]}", "takes no `types`"),
        ("cohort: [c]", "cohort: there is no such setting; did you mean `cohorts`?"),
        (
            "cohorts: [{name: c, encodng: avro}]",
            "cohorts.0.encodng: there is no such setting; did you mean `encoding`?",
        ),
        ("proxy: {connectr: x}\nrepository: proxy", "did you mean `connector`?"),
        ("events_to_send: {xyzzy: 1}", "there is no such setting; there are `rule`, `types`"),
        ("events_to_send: ALL", "events_to_send: a mapping is expected, of `rule`, `types`: {name: value, …}"),
        ("cohorts: c", "cohorts: a list is expected: [a, b]"),
        ("events_to_send: {rule: SELECTED_TYPES, types: A}", "events_to_send.types: a list is expected"),
        ("proxy: {}\nrepository: proxy", "proxy.connector: is needed"),
        ("proxy: {connector: x, options: 1}\nrepository: proxy", "proxy.options: a mapping is expected: {name"),
        ("repository: proxy", "settings: `proxy` says what"),
        ("events_to_send: {rule: SOME}", "'REGISTRATION_ONLY', 'JUST_TYPEDEFS'"),
    ],
)
def test_what_is_wrong_is_said_in_words_of_the_file(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_what_goes_together_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "server.yaml"
    file.write_text(
        "server: s\nevents_to_save: {rule: LEARNED_TYPES, types: [A]}\nevents_to_send: {rule: LEARNED_TYPES}\n"
        "cohorts: [{name: c, encoding: egeria-json, topic_root: my.root}, plain, {name: d, encoding: egeria-json}]\n"
    )
    found = load_settings(file)
    assert [cohort.topic_root for cohort in found.cohorts] == ["my.root", "egeria.omag", "egeria.omag"]
    assert found.events_to_save.types == ("A",)


def test_the_security_file_is_named_as_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"the file of the setting `security`, .*rules\.yaml cannot be read"):
        read_security(tmp_path / "rules.yaml")
    (tmp_path / "rules.yaml").write_text("request: []")
    with pytest.raises(ConfigurationError, match="request: there is no such setting; did you mean `requests`"):
        read_security(tmp_path / "rules.yaml")
    assert read_security(None) is None
