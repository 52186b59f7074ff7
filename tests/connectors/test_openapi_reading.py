"""What documents of each version say."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from omrs_connectors.builtin.openapi.documents import Document, Fetcher, parse
from omrs_connectors.builtin.openapi.model import Api, Field
from omrs_connectors.builtin.openapi.reading import read_api
from omrs_schemas.errors import CodecError, RepositoryError

OLD = """
swagger: "2.0"
info: {title: Pets, version: "1"}
host: api.example.org
basePath: /v1
schemes: [https, http]
consumes: [application/json]
produces: [application/json]
paths:
  /pets/{id}:
    parameters:
      - {name: id, in: path, required: true, type: integer, format: int64}
    put:
      operationId: putPet
      parameters:
        - {name: X-Trace, in: header, type: string}
        - {name: pet, in: body, schema: {$ref: "#/definitions/Pet"}}
      responses:
        200: {description: done, schema: {$ref: "#/definitions/Pet"}, headers: {X-Rate: {type: integer}}}
        default: {description: failed}
definitions:
  Pet:
    type: object
    required: [name]
    properties:
      name: {type: string}
      tags: {type: array, items: {type: string}}
      owner: {$ref: "#/definitions/Owner"}
  Owner: {type: object, properties: {email: {type: string, format: email}, pet: {$ref: "#/definitions/Pet"}}}
"""
MIDDLE = """
openapi: 3.0.3
info: {title: Pets, version: 1.2.0, description: All about pets}
servers:
  - {url: "https://{region}.example.org/v2", variables: {region: {default: eu}}}
paths:
  /pets:
    get:
      summary: List
      tags: [read, pets]
      deprecated: true
      parameters:
        - {$ref: "#/components/parameters/limit"}
        - {name: since, in: query, schema: {type: string, format: date-time, nullable: true}}
        - {name: session, in: cookie, schema: {type: string}}
        - {name: filter, in: query, content: {application/json: {schema: {type: object}}}}
      responses:
        "200":
          description: some
          headers: {X-Next: {schema: {type: string}}}
          content:
            application/json:
              schema: {type: array, items: {$ref: "#/components/schemas/Pet"}}
            application/xml:
              schema: {type: array, items: {$ref: "#/components/schemas/Pet"}}
        4XX: {$ref: "#/components/responses/wrong"}
    post:
      operationId: addPet
      requestBody: {$ref: "#/components/requestBodies/pet"}
      responses: {"201": {description: made}}
components:
  parameters:
    limit: {name: limit, in: query, schema: {type: integer, format: int32, default: 20}, description: how many}
  requestBodies:
    pet: {content: {application/json: {schema: {$ref: "#/components/schemas/Dog"}}}}
  responses:
    wrong: {description: wrong, content: {application/problem+json: {schema: {properties: {title: {type: string}}}}}}
  schemas:
    Pet:
      type: object
      required: [name]
      properties:
        name: {type: string}
        labels: {type: object, additionalProperties: {type: string}}
    Dog:
      allOf:
        - {$ref: "#/components/schemas/Pet"}
        - type: object
          properties:
            breed: {oneOf: [{type: string}, {type: "null"}]}
            toys: {type: array, items: {type: object, properties: {price: {type: number}}}}
"""
NEW = """
openapi: 3.1.0
info: {title: Events, version: "7", summary: x}
paths:
  /in:
    post:
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                at: {type: [string, "null"], format: date-time}
                kind: {enum: [a, b]}
                any: {}
                tree: {$ref: "#/components/schemas/Tree"}
      responses: {}
webhooks:
  gone: {post: {responses: {}}}
components:
  schemas:
    Tree: {type: object, properties: {value: {type: integer}, left: {$ref: "#/components/schemas/Tree"}}}
"""


def api(text: str, address: str = "/docs/pets.yaml") -> Api:
    return read_api(Document(address, parse(text.encode(), address), Fetcher().read))


def brief(fields: tuple[Field, ...]) -> list[tuple[str, str, str]]:
    return [(field.place, field.name, field.type) for field in fields]


def test_version_2() -> None:
    pets = api(OLD)
    assert (pets.title, pets.version, pets.dialect) == ("Pets", "1", "2.0")
    assert pets.servers == ("https://api.example.org/v1", "http://api.example.org/v1")
    (put,) = pets.operations
    assert (put.name, put.operation_id, put.media_types) == ("PUT /pets/{id}", "putPet", ("application/json",))
    assert brief(put.headers) == [("header", "X-Trace", "string")]
    assert brief(put.request) == [
        ("path", "id", "integer"),
        ("body", "name", "string"),
        ("body", "tags[]", "string"),
        ("body", "owner.email", "string"),
        ("body", "owner.pet", "object"),  # within itself
    ]
    assert [field.required for field in put.request] == [True, True, False, False, False]
    done, failed = put.responses
    assert (done.status, failed.status, failed.fields) == ("200", "default", ())
    assert brief(done.fields)[:2] == [("header", "X-Rate", "integer"), ("body", "name", "string")]
    assert done.fields[3].format == "email"


def test_version_3() -> None:
    pets = api(MIDDLE)
    assert pets.servers == ("https://eu.example.org/v2",)
    assert pets.description == "All about pets"
    get, post = pets.operations
    assert (get.name, get.tags, get.deprecated, get.summary) == ("GET /pets", ("read", "pets"), True, "List")
    assert brief(get.request) == [
        ("query", "limit", "integer"),
        ("query", "since", "string"),
        ("cookie", "session", "string"),
        ("query", "filter", "object"),
    ]
    limit, since, *_ = get.request
    assert (limit.format, limit.default, limit.description, limit.nullable) == ("int32", "20", "how many", None)
    assert (since.format, since.nullable) == ("date-time", True)
    some, wrong = get.responses
    assert some.media_types == ("application/json", "application/xml")
    assert brief(some.fields) == [
        ("header", "X-Next", "string"),
        ("body", "[].name", "string"),
        ("body", "[].labels{}", "string"),
    ]
    assert brief(wrong.fields) == [("body", "title", "string")]
    assert brief(post.request) == [
        ("body", "name", "string"),
        ("body", "labels{}", "string"),
        ("body", "breed", "string"),
        ("body", "toys[].price", "number"),
    ]


def test_version_3_1() -> None:
    events = api(NEW)
    assert events.servers == ()
    (post,) = events.operations
    assert brief(post.request) == [
        ("body", "at", "string"),
        ("body", "kind", "string"),
        ("body", "any", "any"),
        ("body", "tree.value", "integer"),
        ("body", "tree.left", "object"),
    ]
    assert post.request[0].nullable is True


def test_json_is_read_as_well_and_dates_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"openapi": "3.0.0", "info": {"title": "\\u00e9", "version": "2024-01-01"}, "paths": {}}')
    found = read_api(Document(str(path), parse(path.read_bytes(), str(path)), Fetcher().read))
    assert (found.title, found.version) == ("é", "2024-01-01")
    assert parse(b"version: 2024-01-01", "x") == {"version": "2024-01-01"}


def test_references_to_other_files(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/pet.yaml").write_text("Pet: {type: object, properties: {food: {$ref: 'food.yaml#/Food'}}}")
    (tmp_path / "parts/food.yaml").write_text("Food: {type: object, properties: {name: {type: string}}}")
    document: dict[str, Any] = {
        "openapi": "3.0.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a~b/{c}": {"get": {"responses": {"200": {"description": "", "content": {"a/b": {"schema": {}}}}}}}},
    }
    schema = document["paths"]["/a~b/{c}"]["get"]["responses"]["200"]["content"]["a/b"]
    schema["schema"] = {"$ref": "parts/pet.yaml#/Pet"}
    (operation,) = api(yaml.safe_dump(document), str(tmp_path / "api.yaml")).operations
    assert brief(operation.responses[0].fields) == [("body", "food.name", "string")]


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("#/components/schemas/Nothing", "is referred to, but is not there"),
        ("other.yaml#/A", "other.yaml cannot be read"),
        ("https://example.org/a.yaml#/A", "a file may refer to files only"),
        ("#/components/schemas/Round", "refers to itself"),
    ],
)
def test_references_that_lead_nowhere(reference: str, said: str) -> None:
    text = (
        "openapi: 3.0.0\ninfo: {title: t, version: v}\n"
        "paths: {/a: {get: {responses: {}, parameters: [{name: a, in: query, schema: {$ref: '%s'}}]}}}\n"
        "components: {schemas: {Round: {$ref: '#/components/schemas/Round'}}}"
    )
    with pytest.raises((CodecError, RepositoryError), match=said):
        api(text % reference)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "neither JSON nor YAML"),
        ("[]", "holds a list"),
        ("openapi: 4.0.0", "no OpenAPI document of version"),
        ("info: {}", "no OpenAPI document of version"),
    ],
)
def test_what_is_no_document(text: str, said: str) -> None:
    with pytest.raises(CodecError, match=said):
        api(text)
