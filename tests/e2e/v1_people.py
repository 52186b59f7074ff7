"""Someone who uses `/api/v1`, and how a refusal looks there."""

from typing import Any

import httpx

from workers import Running


class Person(httpx.Client):
    """Plain HTTP below `/api/v1` of a server."""

    def __init__(self, running: Running, user: str) -> None:
        super().__init__(base_url=f"{running.url}/api/v1", headers={"X-Omrs-User": user}, timeout=40.0, trust_env=False)
        running._clients.append(self)
        self.collection: str = running.ask("/status")["metadata_collection_id"]

    def create(self, type_name: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A new entity."""
        made = self.post("/entities", json={"type": type_name, "properties": properties, **more})
        assert made.status_code == 201, made.text
        entity: dict[str, Any] = made.json()
        return entity

    def walk(self, path: str, **query: Any) -> list[list[dict[str, Any]]]:
        """The items of all pages, as the `next` links lead from one to the other."""
        pages = []
        answer = self.get(path, params=query)
        while True:
            assert answer.status_code == 200, answer.text
            page = answer.json()
            pages.append(page["items"])
            if "next" not in page:
                return pages
            assert answer.headers["link"] == f'<{page["next"]}>; rel="next"'
            answer = self.get(page["next"].removeprefix("/api/v1"))


def is_problem(answer: httpx.Response, status: int, *words: str, pointer: str | None = None) -> dict[str, Any]:
    """The problem+json in `answer`, which names each of `words` and the field at `pointer`."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:1000]}"
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status and problem["type"].startswith("urn:omrs-streams:problem:")
    assert problem["title"] and problem["code"] and problem["instance"].startswith("/api/v1")
    for word in words:
        assert word in problem["detail"], problem
    if pointer is not None:
        assert pointer in [each["pointer"] for each in problem["errors"]], problem
    return problem
