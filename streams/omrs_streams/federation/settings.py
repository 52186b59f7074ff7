"""How long other members are waited for, and when they are no longer asked."""

from pydantic import BaseModel, ConfigDict, Field


class FederationSettings(BaseModel):
    """Calls to the other members of the cohorts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    deadline_s: float = Field(
        5.0, gt=0, description="seconds for a read or find over all members; the answer is what has come by then"
    )
    write_s: float = Field(30.0, gt=0, description="seconds that the member that carries out a change may take for it")
    connect_s: float = Field(1.0, gt=0, description="seconds for a connection to a member; it is down after that")
    connections: int = Field(32, ge=1, description="connections to each member")
    failures: int = Field(3, ge=1, description="calls one after the other without an answer until a member is left out")
    pause_s: float = Field(
        1.0, gt=0, description="seconds until a member that is left out is tried again; doubled each time it fails"
    )
    longest_pause_s: float = Field(15.0, gt=0, description="most seconds between two such tries")
    unsupported_s: float = Field(
        600.0, ge=0, description="seconds for which a member is not asked for a function again that it does not have"
    )
    classification_calls: int = Field(
        100, ge=0, description="most calls of a find that ask members for the classifications they gave to its results"
    )
    learn: bool = Field(
        True, description="ask for reference copies of what was found at other members, where `events_to_save` has them"
    )
