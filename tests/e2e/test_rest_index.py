"""What a server answers to those who do not know its paths yet."""

import httpx

from workers import Pair


def test_a_stranger_is_led_to_everything(pair: Pair) -> None:
    with httpx.Client(base_url=pair.a.url, timeout=40.0, trust_env=False) as stranger:
        for path in ("/", "/api/v1", "/api/v1/"):
            index = stranger.get(path).json()
            assert index["server"] == pair.a.server
        links = index["links"]
        assert {"health", "ready", "status", "metrics"} <= links.keys()
        for name in links.keys() - {"api", "omrs"}:
            assert stranger.get(links[name]).status_code == 200, name
        types = links["omrs"].replace("{userId}", "erin") + "/types/all"
        assert stranger.get(types).json()["relatedHTTPCode"] == 200


def test_a_path_that_there_is_not(pair: Pair) -> None:
    with httpx.Client(base_url=pair.a.url, timeout=40.0, trust_env=False) as stranger:
        for path in ("/nothing", f"/servers/{pair.a.server}/open-metadata/nothing", "/api/v2/entities"):
            answer = stranger.get(path)
            problem = answer.json()
            assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"
            assert path in problem["detail"] and "/api/v1/docs" in problem["help"]
        assert stranger.post("/health").status_code == 405


def test_a_digest_of_no_home(pair: Pair) -> None:
    answer = httpx.get(f"{pair.a.url}/digest", trust_env=False, timeout=40.0)
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
    assert [each["pointer"] for each in answer.json()["errors"]] == ["home"]
