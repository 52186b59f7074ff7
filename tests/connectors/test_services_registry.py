"""The integration services: their marks, and the refusal of a connector of the wrong kind."""

import pytest

from omrs_connectors.sdk.config import PermittedSynchronization
from omrs_connectors.sdk.connector import IntegrationConnector
from omrs_connectors.services.database_integrator import DatabaseIntegratorConnector
from omrs_connectors.services.files_integrator import FilesIntegratorConnector
from omrs_connectors.services.registry import GENERIC, SERVICES, service_for, service_of
from omrs_schemas.errors import ConfigurationError


class FolderMonitor(FilesIntegratorConnector):
    """A connector of the files integrator."""


class Plain(IntegrationConnector):
    """A connector of no service."""


def test_each_service_is_found_by_its_marker_and_by_its_connectors() -> None:
    assert len(SERVICES) == 13 and len({service.id for service in SERVICES.values()}) == 13
    for marker, service in SERVICES.items():
        assert service_for(marker) is service
        assert service_of(service.connector_class) is service
        assert service.connector_class.service == ("" if service is GENERIC else marker)
        assert service.wiki.startswith("https://") and service.description.endswith(".")


def test_names_and_numbers_of_the_documented_services() -> None:
    files, database = service_for("files-integrator"), service_for("database-integrator")
    assert (files.id, files.full_name, files.name) == (4005, "Files Integrator OMIS", "Files Integrator")
    assert (database.id, database.full_name) == (4004, "Database Integrator OMIS")
    assert files.code_prefix == "OMIS-FILES-INTEGRATOR"
    assert service_for("security-integrator").default_permitted_synchronization is (
        PermittedSynchronization.TO_THIRD_PARTY
    )


def test_a_connector_runs_in_its_own_service_only() -> None:
    monitor = FolderMonitor()
    assert service_of(monitor) is service_for("files-integrator")
    assert service_of(Plain()) is GENERIC
    service_for("files-integrator").check(monitor, "OakDene")
    GENERIC.check(monitor, "OakDene")
    for wrong in (monitor, Plain()):
        with pytest.raises(ConfigurationError, match=r"OakDene.*Database Integrator OMIS") as refused:
            service_for("database-integrator").check(wrong, "OakDene")
        required = f"{DatabaseIntegratorConnector.__module__}.DatabaseIntegratorConnector"
        assert (refused.value.code, refused.value.http) == ("OMIS-DATABASE-INTEGRATOR-400-001", 400)
        assert required in str(refused.value) and refused.value.params["required"] == required


def test_an_unknown_marker_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(ConfigurationError, match="files-integrator") as refused:
        service_for("file-integrator")
    assert refused.value.code == "INTEGRATION-DAEMON-SERVICES-400-010"
