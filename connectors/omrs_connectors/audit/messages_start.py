"""Messages about the daemon as a server: what every OMAG server says when it starts (integration § 3, step 1)."""

from omrs_schemas.model.audit import AuditSeverity as S
from omrs_streams.audit import CATALOGUE as SERVER
from omrs_streams.audit.message import AuditMessage as M

MAX_PAGE_SIZE = "OMAG-ADMIN-0001"
STARTED = "OMAG-ADMIN-0004"
SERVICES_STARTING = "OMAG-ADMIN-0100"
SERVICES_STARTED = "OMAG-ADMIN-0101"
SECURITY = "OPEN-METADATA-SECURITY-0003"

REFUSED = "OMRS-STREAMS-0030"
UNEXPECTED = "OMRS-STREAMS-0031"

OF_EVERY_SERVER = ("OMRS-AUDIT-0001", "OMRS-AUDIT-0007", "OMRS-AUDIT-0100", "OMRS-AUDIT-0101", REFUSED, UNEXPECTED)
"""Said by a daemon as by a metadata server: its start, dead letters, requests. `OMRS-AUDIT-0064`, the first of all
messages, names the daemon as the server."""

ABOUT_THE_LOG = ("OMRS-STREAMS-0001", "OMRS-STREAMS-0002", "OMRS-STREAMS-0003", "OMRS-STREAMS-0004")
"""Recorded by the audit log about itself."""

MESSAGES = (
    SERVER["OMRS-AUDIT-0064"],
    M(
        MAX_PAGE_SIZE,
        S.STARTUP,
        "Server {daemon} asks for and answers at most {count} elements at once",
        "The setting `max_page_size`.",
        "None.",
    ),
    *(SERVER[message_id] for message_id in OF_EVERY_SERVER),
    M(
        SECURITY,
        S.STARTUP,
        "The metadata security connector {connector} of server {daemon} is starting",
        "Requests to the daemon are checked by a security connector.",
        "None.",
    ),
    M(
        SERVICES_STARTING,
        S.STARTUP,
        "The governance services of the integration daemon {daemon} are about to start",
        "The server itself is up; what makes it an integration daemon comes next.",
        "None. OMAG-ADMIN-0101 follows; what is in between says which connectors could not be made ready.",
    ),
    M(
        SERVICES_STARTED,
        S.STARTUP,
        "The governance services of the integration daemon {daemon} have started",
        "Every connector that could be made ready is waiting for its first refresh.",
        "None. Connectors that failed do not keep a daemon from starting: look for INTEGRATION-DAEMON-SERVICES-0031.",
    ),
    M(
        STARTED,
        S.STARTUP,
        "Server {daemon} is up. These services are running: {services}",
        "The last message of a good start.",
        "None.",
    ),
)
