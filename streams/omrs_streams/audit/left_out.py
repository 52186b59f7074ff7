"""The protocol's message ids that this software does not record, and why."""

_JAVA = "about parts that only the Java implementation has"
_START = "a start that fails is OMRS-AUDIT-0013, with the reason"
_STOP = "a stop is OMRS-AUDIT-0010 and 0011; nothing in between can fail without OMRS-AUDIT-9014"
_DEAD = "such a record is a dead letter: OMRS-AUDIT-0100 or 0101"
_WIRING = "nothing can be wired wrongly: there is one configuration, checked before the start"
_ENTERPRISE = (
    "the federation is there as long as the server is (OMRS-AUDIT-0007, 0010); its members are OMRS-AUDIT-0130"
)
_TYPES = "the request that names such a type is refused with an error; events are OMRS-AUDIT-9015"
_ARCHIVE = (
    "an archive that is not in order is refused with an error that lists what is wrong, before anything is loaded"
)

LEFT_OUT = {
    "OMRS-AUDIT-0002": _ENTERPRISE,
    "OMRS-AUDIT-0014": _STOP,
    "OMRS-AUDIT-0015": _JAVA,
    "OMRS-AUDIT-0016": _JAVA,
    "OMRS-AUDIT-0017": "topics follow from the cohort's name",
    "OMRS-AUDIT-0018": "topics follow from the cohort's name",
    "OMRS-AUDIT-0019": _JAVA,
    "OMRS-AUDIT-0020": _JAVA,
    "OMRS-AUDIT-0021": _JAVA,
    "OMRS-AUDIT-0027": _START,
    "OMRS-AUDIT-0030": _JAVA,
    "OMRS-AUDIT-0032": "types are announced at every connect; there is no buffer that is drained",
    "OMRS-AUDIT-0033": "instance events wait in the log, not in a buffer that is drained",
    "OMRS-AUDIT-0036": _ARCHIVE,
    "OMRS-AUDIT-0037": "the destinations are the console and a topic; a topic that is away is OMRS-STREAMS-0003",
    "OMRS-AUDIT-0038": _START,
    "OMRS-AUDIT-0040": _ENTERPRISE,
    "OMRS-AUDIT-0041": _ENTERPRISE,
    "OMRS-AUDIT-0042": _ENTERPRISE,
    "OMRS-AUDIT-0043": _ENTERPRISE,
    "OMRS-AUDIT-0051": _ARCHIVE,
    "OMRS-AUDIT-0052": _ARCHIVE,
    "OMRS-AUDIT-0054": _WIRING,
    "OMRS-AUDIT-0055": _WIRING,
    "OMRS-AUDIT-0102": _DEAD,
    "OMRS-AUDIT-0118": "there always is a registry store: the topic is checked before the start",
    "OMRS-AUDIT-0129": "a connection that cannot be used is OMRS-AUDIT-0114",
    "OMRS-AUDIT-0205": "the two sides of a conflict are OMRS-AUDIT-0203 and 8002",
    "OMRS-AUDIT-0211": "a copy is removed by a record in the log, which cannot be refused",
    "OMRS-AUDIT-0310": _TYPES,
    "OMRS-AUDIT-0311": _TYPES,
    "OMRS-AUDIT-0312": _TYPES,
    "OMRS-AUDIT-0313": _TYPES,
    "OMRS-AUDIT-0314": "another version of a type is no fault; an older one than the stored is OMRS-AUDIT-8002",
    "OMRS-AUDIT-0318": "every start of every member announces every type: hundreds of messages that say nothing new",
    "OMRS-AUDIT-8007": _DEAD,
    "OMRS-AUDIT-8008": "proxies are kept as a matter of course when the ends of a relationship are not known",
    "OMRS-AUDIT-9002": _DEAD,
    "OMRS-AUDIT-9003": "a type event that cannot be sent ends the worker (OMRS-AUDIT-9014); it is sent by the next",
    "OMRS-AUDIT-9005": "the publisher tries again from its cursor until Kafka takes the events",
    "OMRS-AUDIT-9006": _WIRING,
    "OMRS-AUDIT-9007": _WIRING,
    "OMRS-AUDIT-9008": _WIRING,
    "OMRS-AUDIT-9009": _WIRING,
    "OMRS-AUDIT-9010": "events of an unknown kind cannot be written",
    "OMRS-AUDIT-9011": _DEAD,
    "OMRS-AUDIT-9012": _ENTERPRISE,
    "OMRS-AUDIT-9013": _ENTERPRISE,
    "OMRS-AUDIT-9016": _JAVA,
    "OMRS-AUDIT-9017": _JAVA,
    "OMRS-AUDIT-9019": "the types of an event are checked before anything is done: OMRS-AUDIT-9018",
}
