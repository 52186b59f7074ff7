"""What the entities of the corpus say: a dozen properties of common words, the same for the same random source."""

from random import Random
from typing import Any, Final

BORN: Final = 1_750_000_000_000

DOMAINS: Final = (
    "finance", "clinical", "logistics", "sales", "research", "people", "quality", "energy", "risk", "supply",
)  # fmt: skip
WORDS: Final = [
    "account", "agreement", "amount", "approval", "asset", "audit", "balance", "batch", "booking", "budget",
    "carrier", "category", "channel", "claim", "clause", "client", "code", "contract", "cost", "country", "course",
    "currency", "customer", "date", "dealer", "delivery", "department", "deposit", "device", "discount", "dose",
    "entry", "event", "exposure", "facility", "fee", "flow", "forecast", "form", "fund", "grade", "group",
    "holding", "hospital", "identifier", "income", "index", "invoice", "item", "journal", "label", "ledger",
    "level", "limit", "line", "location", "margin", "market", "measure", "member", "method", "model", "network",
    "number", "office", "offer", "order", "owner", "package", "partner", "patient", "payment", "period", "person",
    "plan", "plant", "policy", "position", "price", "process", "product", "profile", "project", "provider",
    "purchase", "quantity", "quota", "rate", "reading", "reason", "receipt", "record", "region", "release",
    "report", "request", "result", "return", "review", "risk", "route", "sample", "schedule", "sector", "segment",
    "sensor", "series", "service", "share", "shift", "site", "source", "stage", "stock", "store", "study",
    "subject", "supplier", "survey", "target", "task", "tax", "team", "term", "test", "ticket", "title", "token",
    "trade", "transfer", "treatment", "trial", "trip", "type", "unit", "usage", "value", "vehicle", "vendor",
    "version", "visit", "volume", "warehouse", "week", "weight", "worker", "zone",
]  # fmt: skip


def properties(type_name: str, random: Random, serial: str) -> dict[str, str]:
    """The text properties of an entity, about a dozen with `numbers`."""
    one, two, three = random.sample(WORDS, 3)
    domain = random.choice(DOMAINS)
    texts = {
        "qualifiedName": f"{type_name}::{domain}::{one}-{two}::{serial}",
        "displayName": f"{one.title()} {two} {three} {serial}",
        "identifier": f"{domain[:3].upper()}-{serial}",
        "description": sentence(random, 22),
        "versionIdentifier": f"{random.randint(1, 9)}.{random.randint(0, 20)}",
        "category": f"{domain}/{three}",
        "url": f"https://catalogue.example.org/{domain}/{one}/{serial}",
    }
    if type_name == "GlossaryTerm":
        texts |= {
            "summary": sentence(random, 8),
            "abbreviation": (one[:2] + two[:2]).upper(),
            "usage": sentence(random, 10),
        }
    elif type_name in ("CSVFile", "Database"):
        texts |= {
            "pathName": f"/data/{domain}/{one}/{two}-{serial}.csv",
            "resourceName": f"{one}-{serial}",
            "source": f"{two}-system",
        }
    else:
        texts |= {"nativeClass": "VARCHAR", "namespacePath": f"{domain}.{one}"}
    return texts


def numbers(type_name: str, variant: int) -> dict[str, Any]:
    values: dict[str, Any] = {"additionalProperties": {"load": "nightly", "steward": f"user{variant:03d}"}}
    if type_name.startswith("Relational"):
        values |= {"isNullable": variant % 2 == 0, "precision": variant % 30, "length": variant * 4, "minimumLength": 1}
    elif type_name in ("CSVFile", "Database"):
        values |= {"storeCreateTime": BORN - variant * 1_000, "storeUpdateTime": BORN + variant * 1_000}
    return values


def sentence(random: Random, words: int) -> str:
    return " ".join(random.choices(WORDS, k=words)).capitalize() + "."
