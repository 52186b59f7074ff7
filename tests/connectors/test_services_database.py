"""The database integrator's context: databases, schemas, tables, views, columns and keys, in both releases."""

from collections.abc import Iterator

import pytest
from service_contexts import changes, context_on

from omrs_connectors.services.database_integrator import (
    DatabaseIntegratorContext,
    DatabaseProperties,
    ForeignKeyProperties,
    PrimaryKeyProperties,
    ViewProperties,
)
from omrs_connectors.services.schemas import DataSetProperties, SchemaAttributeProperties
from omrs_schemas.errors import EntityNotKnownError, InvalidParameterError
from workers import Running, unique

pytestmark = pytest.mark.kafka


@pytest.fixture
def context(release_server: Running) -> Iterator[DatabaseIntegratorContext]:
    with context_on(release_server, DatabaseIntegratorContext, "database-integrator") as context:
        yield context


def column(table: str, name: str, position: int, data_type: str = "int4") -> SchemaAttributeProperties:
    return SchemaAttributeProperties(
        qualified_name=f"{table}.{name}",
        display_name=name,
        data_type=data_type,
        position=position,
        min_cardinality=1,
        is_nullable=False,
        precision=10,
    )


def test_a_database_with_all_that_belongs_to_it(context: DatabaseIntegratorContext) -> None:
    root = unique("db")
    database = context.databases.create(
        DatabaseProperties(
            qualified_name=root, display_name="coco", description="sales", database_instance="i1", imported_from="pg"
        )
    )
    schema = context.schemas.create(
        DataSetProperties(qualified_name=f"{root}.s", display_name="s"), parent=database.guid
    )
    assert [found.guid for found in context.schemas.of(database.guid)] == [schema.guid]

    table = context.tables.create(
        SchemaAttributeProperties(qualified_name=f"{root}.s.t", display_name="t", description="of people"),
        parent=schema.guid,
    )
    view = context.views.create(
        ViewProperties(qualified_name=f"{root}.s.v", display_name="v", formula="select 1", formula_type="SQL"),
        parent=schema.guid,
    )
    assert [found.guid for found in context.tables.of(schema.guid)] == [table.guid]
    (read,) = context.views.of(schema.guid)
    assert (read.guid, read.properties.formula, read.properties.formula_type) == (view.guid, "select 1", "SQL")

    for name, position in (("b", 2), ("a", 1)):
        context.columns.create(column(f"{root}.s.t", name, position), parent=table.guid)
    columns = context.columns.of(table.guid)
    assert [found.properties.display_name for found in columns] == ["a", "b"]
    assert columns[0].properties == column(f"{root}.s.t", "a", 1)
    assert all(each.anchor_guid == schema.guid for each in (table, view, *columns))
    assert (columns[0].type_name, table.classifications["TypeEmbeddedAttribute"]["schemaTypeName"]) == (
        "RelationalColumn",
        "RelationalTableType",
    )

    one, two = columns
    assert context.primary_keys.set(one.guid, PrimaryKeyProperties(display_name="pk", key_pattern="STABLE_KEY"))
    assert not context.primary_keys.set(one.guid, PrimaryKeyProperties(display_name="pk", key_pattern="STABLE_KEY"))
    assert context.primary_keys.get(one.guid) == PrimaryKeyProperties(display_name="pk", key_pattern="STABLE_KEY")
    key = context.foreign_keys.link(one.guid, two.guid, ForeignKeyProperties(label="fk", source="catalog"))
    assert context.foreign_keys.of(two.guid) == [key]
    assert (key.first, key.properties.label) == (one.guid, "fk")

    context.schemas.delete(schema.guid)
    for gone in (schema, table, view, one, two):
        with pytest.raises(EntityNotKnownError):
            context.columns.get(gone.guid)
    assert context.databases.get(database.guid) == database


def test_ensure_writes_what_differs_and_completes_what_was_left(context: DatabaseIntegratorContext) -> None:
    root = unique("db")
    schema = context.schemas.create(DataSetProperties(qualified_name=root, display_name="s"))
    table = context.tables.ensure(SchemaAttributeProperties(qualified_name=f"{root}.t"), parent=schema.guid)
    wanted = column(f"{root}.t", "a", 1)
    # The element was made, its link was not: what an end in the middle leaves.
    left = context.columns.create(wanted, anchor=schema.guid)
    changes(context)
    made = context.columns.ensure(wanted, parent=table.guid)
    assert (made.guid, changes(context)) == (left.guid, (1, 0, 0))
    assert context.columns.ensure(wanted, parent=table.guid) == made
    assert changes(context) == (0, 0, 0)
    assert context.columns.of(table.guid) == [made]

    moved = column(f"{root}.t", "a", 3, "text")
    assert context.columns.ensure(moved, parent=table.guid).properties == moved
    created, updated, deleted = changes(context)
    assert (created, deleted) == (0, 0) and updated
    assert context.columns.of(table.guid)[0].properties == moved


def test_update_leaves_what_is_not_given_unless_it_replaces(context: DatabaseIntegratorContext) -> None:
    name = unique("db")
    made = context.databases.create(DatabaseProperties(qualified_name=name, display_name="d", description="x"))
    kept = context.databases.update(made.guid, DatabaseProperties(imported_from="pg"))
    assert (kept.properties.description, kept.properties.imported_from) == ("x", "pg")
    replaced = context.databases.update(made.guid, DatabaseProperties(display_name="e"), replace=True)
    assert replaced.properties == DatabaseProperties(qualified_name=name, display_name="e")
    found = context.databases.named(name)
    assert found == replaced
    assert [each.guid for each in context.databases.find(name)] == [made.guid]
    assert made.guid in [each.guid for each in context.databases.all()]


def test_elements_of_other_types_and_wrong_places_are_refused(context: DatabaseIntegratorContext) -> None:
    database = context.databases.create(DatabaseProperties(qualified_name=unique("db")))
    with pytest.raises(InvalidParameterError, match="not a RelationalTable"):
        context.tables.get(database.guid)
    with pytest.raises(InvalidParameterError, match="has no RelationalColumn below it"):
        context.columns.create(column("t", "a", 1), parent=database.guid)
    with pytest.raises(InvalidParameterError, match="is not a RelationalColumn"):
        context.columns.create(column("t", "a", 1), type_name="RelationalTable")
    with pytest.raises(InvalidParameterError, match="without a qualified name"):
        context.databases.ensure(DatabaseProperties(display_name="d"))


def test_a_view_becomes_a_table_and_a_table_a_view(context: DatabaseIntegratorContext) -> None:
    root = unique("db")
    schema = context.schemas.create(DataSetProperties(qualified_name=root))
    context.views.ensure(ViewProperties(qualified_name=f"{root}.v", formula="select 1"), parent=schema.guid)
    table = context.tables.ensure(SchemaAttributeProperties(qualified_name=f"{root}.v"), parent=schema.guid)
    assert context.views.of(schema.guid) == [] and context.tables.of(schema.guid) == [table]
    assert set(table.classifications) == {"Anchors", "TypeEmbeddedAttribute"}
    view = context.views.ensure(ViewProperties(qualified_name=f"{root}.v", formula="select 2"), parent=schema.guid)
    assert context.views.of(schema.guid) == [view] and context.tables.of(schema.guid) == []
    assert view.properties.formula == "select 2"
