"""Ids of integration § 10 that are in the catalogue, for those who know them, and that no daemon says; and why."""

_SETTINGS = "the daemon's file is refused before anything starts, with an error that names the setting"

NOT_SAID = {
    "INTEGRATION-DAEMON-SERVICES-0003": _SETTINGS,
    "INTEGRATION-DAEMON-SERVICES-0004": _SETTINGS,
    "INTEGRATION-DAEMON-SERVICES-0005": "every integration service has what makes its contexts",
    "INTEGRATION-DAEMON-SERVICES-0006": _SETTINGS,
    "INTEGRATION-DAEMON-SERVICES-0014": "every integration service has a default; which one a connector has, says 0008",
}
