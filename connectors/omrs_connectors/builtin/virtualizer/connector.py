"""`VirtualizerConnector`: makes views of a PostgreSQL database whose names are terms of the glossary."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from omrs_connectors.builtin.postgres.access import Address, address_of
from omrs_connectors.builtin.postgres_catalog.catalogue import snapshot
from omrs_connectors.builtin.postgres_catalog.conninfo import line_of, unavailable
from omrs_connectors.builtin.virtualizer.meanings import ASSIGNMENT, assigned_terms
from omrs_connectors.builtin.virtualizer.options import VirtualizerOptions
from omrs_connectors.builtin.virtualizer.plan import View, plan
from omrs_connectors.builtin.virtualizer.views import OwnView, Stock, Workshop, duplicates, read_stock, same
from omrs_connectors.sdk import IntegrationConnector, PermittedSynchronization
from omrs_schemas.errors import ConfigurationError, DeletionRefusedError

ELEMENTS = ("RelationalTable", "RelationalColumn", "GlossaryTerm", ASSIGNMENT)


class VirtualizerConnector(IntegrationConnector):
    """Each catalogued table that has a term, or a column that has one, gets a view; its columns are called by theirs.

    Tables, columns, terms and assignments that change in metadata wake a refresh; each refresh compares all of it with
    the views there are, so nothing is missed. Views that somebody else made are never touched.
    """

    Options = VirtualizerOptions
    options: VirtualizerOptions

    def initialize(self) -> None:
        """RepositoryError while the database is away: the daemon tries again by itself."""
        if self.context.permitted_synchronization is PermittedSynchronization.FROM_THIRD_PARTY:
            raise ConfigurationError(
                f"connector {self.context.connector_name} may not make views: its permittedSynchronization is "
                f"{self.context.permitted_synchronization}",
                help="set permittedSynchronization to TO_THIRD_PARTY",
            )
        self._address: Address = address_of(self.context, self.options)
        with snapshot(self._address.conninfo()):
            pass

    def start(self) -> None:
        self.context.refresh_on(types=ELEMENTS)

    def refresh(self) -> None:
        """DeletionRefusedError: more views would be dropped than is allowed; new and changed ones are made by then."""
        context, options, address = self.context, self.options, self._address
        owner = context.connector_name
        stock = read_stock(address.conninfo(), address.instance, options, owner)
        terms = assigned_terms(context, stock.root, address.instance)
        views = plan(stock.tables, terms, style=options.names, keep_unassigned=options.unassigned_columns == "keep")
        context.report.count("viewsWanted", len(views))
        self._steps(stock, views, owner)

    def _steps(self, stock: Stock, views: list[View], owner: str) -> None:
        extra = set(duplicates(stock.own))
        own = {view.of: view for view in stock.own if view not in extra}
        sources = {view.source.key for view in views}
        gone = [view for view in stock.own if view in extra or view.of not in sources]
        possible = [view for view in views if not self._conflict(view, stock)]
        try:
            with psycopg.connect(self._address.conninfo(), autocommit=True) as connection:
                workshop = Workshop(connection, self.options.view_schema, owner)
                refused = self._drop(workshop, gone, len(stock.own))
                self._make(workshop, own, possible)
        except psycopg.Error as error:
            raise unavailable(error) from error
        if refused is not None:
            raise refused

    def _conflict(self, view: View, stock: Stock) -> bool:
        if view.name not in stock.taken:
            return False
        self.context.report.count("viewsInTheWay")
        self.context.report.message(
            f"{self.options.view_schema}.{view.name} is somebody else's: no view of {view.source.schema}."
            f"{view.source.name} is made"
        )
        return True

    def _drop(self, workshop: Workshop, gone: list[OwnView], known: int) -> DeletionRefusedError | None:
        """First, so that names are free; not at all where it would be too much."""
        try:
            self.options.safety(str(self._address)).check(len(gone), known, "views")
        except DeletionRefusedError as error:
            return error
        for view in gone:
            with self._reported(view.name, "dropped", "viewsDropped"):
                workshop.drop(view.name)
        return None

    def _make(self, workshop: Workshop, own: dict[str, OwnView], views: list[View]) -> None:
        new = [view for view in views if view.source.key not in own]
        held = [(own[view.source.key], view) for view in views if view.source.key in own]
        renamed = [(mine, view.name) for mine, view in held if mine.name != view.name]
        changed = [(mine, view) for mine, view in held if not same(mine, view, workshop.comment(view))]
        if new:
            workshop.prepare()
        if renamed:
            with self._reported(f"{len(renamed)} views", "renamed", "viewsRenamed", len(renamed)):
                workshop.rename(renamed)
        for mine, view in changed:
            with self._reported(view.name, "changed", "viewsChanged"):
                workshop.change(mine, view)
        for view in new:
            with self._reported(view.name, "made", "viewsMade"):
                workshop.make(view)

    @contextmanager
    def _reported(self, what: str, done: str, counter: str, by: int = 1) -> Iterator[None]:
        """Counts what was done; what the database refuses is told, and does not hold up the rest."""
        try:
            yield
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            self.context.report.count("viewsFailed")
            self.context.report.message(f"{what} cannot be {done}: {line_of(error)}")
        else:
            self.context.report.count(counter, by)
