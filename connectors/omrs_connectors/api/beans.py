"""Status beans as they are answered: dates as ISO-8601 text with an offset (integration § 9)."""

from collections.abc import Iterable, Iterator

from omrs_connectors.api.facade import Bean, Daemon
from omrs_connectors.services.base import IntegrationService
from omrs_schemas.model.dates import to_iso

REPORTS = "integrationConnectorReports"
_DATES = ("lastStatusChange", "lastRefreshTime", "startDate", "stopDate")


def summaries(beans: Iterable[Bean]) -> list[Bean]:
    """Summaries of services or groups, the dates of their connectors' reports as text."""
    return [{**bean, REPORTS: [report(each) for each in bean.get(REPORTS) or ()]} for bean in beans]


def report(bean: Bean) -> Bean:
    """The report of one connector, its dates as text."""
    return {**bean, **{name: to_iso(bean[name]) for name in _DATES if isinstance(bean.get(name), int)}}


def connectors(daemon: Daemon) -> Iterator[tuple[str, str, Bean]]:
    """URL marker, group and report of every connector; either is empty."""
    for bean in daemon.service_summaries():
        for each in bean.get(REPORTS) or ():
            yield str(bean.get("integrationServiceURLMarker") or ""), "", each
    for bean in daemon.group_summaries():
        for each in bean.get(REPORTS) or ():
            yield "", str(bean.get("integrationGroupName") or ""), each


def registered(service: IntegrationService) -> Bean:
    """A RegisteredOMAGService."""
    return {
        "serviceId": service.id,
        "serviceName": service.full_name,
        "serviceURLMarker": service.url_marker,
        "serviceDescription": service.description,
        "serviceWiki": service.wiki,
    }
