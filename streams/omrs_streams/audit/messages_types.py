"""Messages about type definitions (OMRS events § 4, types § 3, § 4, § 7)."""

from omrs_schemas.model.audit import AuditSeverity as S
from omrs_streams.audit.message import AuditMessage as M

_COMPARE = "Compare the releases of the types that the members load (`types` in the settings); they should be the same."

MESSAGES = (
    M(
        "OMRS-AUDIT-0201",
        S.TYPES,
        "A member[ ({server})][ of cohort {cohort}] reports that type {type_name} differs from its own[: {message}]",
        "Two members define a type of this name or guid differently.",
        _COMPARE,
    ),
    M(
        "OMRS-AUDIT-0202",
        S.TYPES,
        "A member[ ({server})][ of cohort {cohort}] reports that a patch of type {type_name} does not fit[: {message}]",
        "A patch was sent for a version of the type that the other member does not have.",
        _COMPARE,
    ),
    M(
        "OMRS-AUDIT-0203",
        S.TYPES,
        "Type {type_name}[ ({type_guid})][ of {server}][ in cohort {cohort}] differs from ours; it is told so"
        "[: {message}]",
        "A type event carried a definition that does not agree with the one this server has.",
        _COMPARE,
    ),
    M(
        "OMRS-AUDIT-0204",
        S.TYPES,
        "A patch of type {type_name}[ ({type_guid})][ of {server}][ in cohort {cohort}] does not fit; it is told so"
        "[: {message}]",
        "The patch is not valid for the version of the type that this server has.",
        _COMPARE,
    ),
    M(
        "OMRS-AUDIT-0301",
        S.TYPES,
        "Type {type_name}[ ({type_guid}), version {version},][ of {server}][ in cohort {cohort}] has been added",
        "A member announced a type that this server did not have.",
        "None.",
    ),
    M(
        "OMRS-AUDIT-0302",
        S.TYPES,
        "Type {type_name}[ ({type_guid})][ of {server}][ in cohort {cohort}] is known, not supported here[: {message}]",
        "The local repository has a fixed set of types, or could not take this one.",
        "None, unless instances of the type should be kept here.",
    ),
    M(
        "OMRS-AUDIT-0303",
        S.TYPES,
        "Type {type_name}[ ({type_guid})] has been updated to version {version}[ by {server}][ in cohort {cohort}]",
        "A patch was received for the version that this server had.",
        "None.",
    ),
    M(
        "OMRS-AUDIT-0304",
        S.TYPES,
        "Type {type_name}[ ({type_guid})] has been removed[ by {server}][ in cohort {cohort}]",
        "The type was deleted, here or by a member.",
        "None.",
    ),
    M(
        "OMRS-AUDIT-0305",
        S.TYPES,
        "Type {type_name} has guid {type_guid}[ at {server}][ in cohort {cohort}], here it is {other_type_guid}",
        "The name is used for two types.",
        _COMPARE,
    ),
    M(
        "OMRS-AUDIT-0306",
        S.TYPES,
        "Type {type_name}[ ({type_guid})] has been added by user {user}",
        "Somebody added a type through the API.",
        "Make sure that the other members can agree with it; an archive of types is easier to keep in step.",
    ),
    M(
        "OMRS-AUDIT-0307",
        S.TYPES,
        "A member[ ({server})] reports a conflict about type {type_name} between others[ of cohort {cohort}]"
        "[: {message}]",
        "Two members other than this one disagree about a type.",
        _COMPARE,
    ),
    M(
        "OMRS-AUDIT-0308",
        S.TYPES,
        "Type {type_name}[ of {server}][ in cohort {cohort}] has no guid; it is ignored",
        "A type event carried a definition that cannot be told from others.",
        "Correct the member that sent it.",
    ),
    M(
        "OMRS-AUDIT-0309",
        S.TYPES,
        "The type with guid {type_guid}[ of {server}][ in cohort {cohort}] has no name; it is ignored",
        "A type event carried a definition that cannot be told from others.",
        "Correct the member that sent it.",
    ),
    M(
        "OMRS-AUDIT-0319",
        S.TYPES,
        "Type {type_name}[ ({type_guid})][ of {server}][ in cohort {cohort}] is remembered for queries",
        "The server has no local repository that could support the type.",
        "None.",
    ),
    M(
        "OMRS-AUDIT-0320",
        S.TYPES,
        "A patch of type {type_name}[ ({type_guid})][ to version {version}][ of {server}] is skipped: earlier ones are"
        " missing here",
        "The patch applies to a later version than the one this server has.",
        "Load the release of types that the sender uses.",
    ),
    M(
        "OMRS-AUDIT-0321",
        S.TYPES,
        "A patch of type {type_name}[ ({type_guid})][ of {server}][ in cohort {cohort}] is skipped:"
        " the type is not active here",
        "The local repository does not support the type.",
        "None, unless instances of the type should be kept here.",
    ),
    M(
        "OMRS-AUDIT-0322",
        S.TYPES,
        "A patch of type {type_name}[ ({type_guid})][ of {server}][ in cohort {cohort}] is remembered for queries",
        "The server has no local repository that could support the type.",
        "None.",
    ),
    M(
        "OMRS-AUDIT-9018",
        S.ERROR,
        "A type event[ {kind}][ for {type_name}][ of {server}][ in cohort {cohort}] could not be carried"
        " out: {message}",
        "The local repository refused the type or the patch.",
        "The message says what is wrong with it; correct the type at the member that sent it.",
    ),
)
