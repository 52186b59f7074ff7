"""Connectors that members of a group are made of in tests of whole daemons; loaded by name."""

from pathlib import Path

from omrs_connectors.groups.editing import GroupEditor
from omrs_connectors.sdk import IntegrationConnector, IntegrationConnectorConfig


class Note(IntegrationConnector):
    """Writes each refresh down: a line with its address, and its targets, in the file `configurationProperties.log`."""

    def refresh(self) -> None:
        targets = ",".join(sorted(target.name for target in self.context.catalog_targets()))
        log = self.context.configuration_properties.get("log")
        if log:
            with Path(str(log)).open("a") as out:
                out.write(f"{self.context.network_address} {targets}\n")


class Foreman(IntegrationConnector):
    """Keeps a group as it should be: defines a connector for each name in `configurationProperties.names`, and takes
    itself out of the group when there are none."""

    def refresh(self) -> None:
        wanted = list(self.context.configuration_properties.get("names") or ())
        group = str(self.context.configuration_properties["group"])
        edit = GroupEditor(self.context.client)
        if not wanted:
            edit.remove_connector(edit.find_connector(group, self.context.connector_name))
            return
        for name in wanted:
            given = IntegrationConnectorConfig.model_validate(
                {"connectorName": name, "connectorProviderClass": "group_members:Note"}
            )
            self.context.report.created(edit.add_connector(group, given))
