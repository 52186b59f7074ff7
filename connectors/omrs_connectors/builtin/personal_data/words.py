"""Does a column's name look like personal data? Words, not substrings; several languages, modestly."""

import re
import unicodedata
from functools import lru_cache

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[a-z]+")

# kind -> phrases; a phrase of several words also matches written as one word ("firstname", "zipcode").
_PHRASES: dict[str, tuple[str, ...]] = {
    "email address": ("email", "e mail", "mail address", "email address", "courriel", "correo", "correo electronico"),
    "phone number": (
        "phone",
        "phone number",
        "telephone",
        "tel number",
        "tel no",
        "mobile number",
        "mobile phone",
        "cell phone",
        "msisdn",
        "fax number",
        "telefon",
        "telefonnummer",
        "handynummer",
        "telefono",
        "numero telephone",
    ),
    "date of birth": (
        "birth date",
        "date of birth",
        "date birth",
        "birth day",
        "birth year",
        "dob",
        "geburtsdatum",
        "geburtstag",
        "fecha nacimiento",
        "fecha de nacimiento",
        "date naissance",
        "date de naissance",
        "data di nascita",
    ),
    "national identifier": (
        "ssn",
        "social security",
        "social security number",
        "national insurance",
        "national id",
        "national identity",
        "passport",
        "passport number",
        "tax id",
        "tax number",
        "driver license",
        "drivers license",
        "driving licence",
        "id card",
        "personnummer",
        "personalausweis",
        "steuernummer",
        "sozialversicherungsnummer",
        "dni",
        "codice fiscale",
    ),
    "bank or card number": (
        "iban",
        "bank account",
        "account holder",
        "credit card",
        "card number",
        "debit card",
        "card holder",
        "kontonummer",
        "kreditkarte",
        "numero cuenta",
    ),
    "person's name": (
        "first name",
        "last name",
        "sur name",
        "family name",
        "given name",
        "fore name",
        "middle name",
        "maiden name",
        "full name",
        "person name",
        "customer name",
        "employee name",
        "patient name",
        "contact name",
        "user name",
        "vorname",
        "nachname",
        "familienname",
        "prenom",
        "nom de famille",
        "apellido",
        "apellidos",
        "cognome",
    ),
    "postal address": (
        "street",
        "street name",
        "street address",
        "postal address",
        "home address",
        "billing address",
        "shipping address",
        "delivery address",
        "mailing address",
        "address line",
        "zip code",
        "postal code",
        "post code",
        "house number",
        "strasse",
        "hausnummer",
        "postleitzahl",
        "plz",
        "anschrift",
        "code postal",
        "codigo postal",
        "direccion",
        "indirizzo",
    ),
    "personal characteristic": (
        "gender",
        "marital status",
        "religion",
        "ethnicity",
        "nationality",
        "geschlecht",
        "sexo",
        "staatsangehoerigkeit",
        "nationalite",
    ),
}


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# "address" alone is a person's only where no other word says that it is a machine's.
_ADDRESS = "postal address"
_MACHINES = _set(
    "ip ipv mac memory web url host server network physical virtual base start end byte bus broker node remote local "
    "bind listen http return target source dest destination register offset load"
)

# A word right after the phrase that makes it a fact about a thing, not about a person: `email_template`, `phone_count`.
_NOT_VALUES = _set(
    "count counts template templates enabled disabled flag type types subject status sent opened clicked format regex "
    "pattern length size valid verified policy server host port domain handler parser message header body"
)


def _index() -> dict[tuple[str, ...], str]:
    index: dict[tuple[str, ...], str] = {}
    for kind, phrases in _PHRASES.items():
        for phrase in phrases:
            words = tuple(phrase.split())
            index[words] = kind
            index[("".join(words),)] = kind
    return index


_INDEX = _index()
_LONGEST = max(len(words) for words in _INDEX)


def words_of(name: str) -> tuple[str, ...]:
    """The words of an identifier in lower case without accents: camelCase, snake_case, dots and digits all separate."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return tuple(_WORD.findall(_CAMEL.sub(" ", plain).lower()))


@lru_cache(maxsize=65_536)  # column names repeat from file to file
def personal_kind(name: str) -> str | None:
    """What kind of personal data a name promises ("email address" …), or None."""
    words = words_of(name)
    for start in range(len(words)):
        for length in range(min(_LONGEST, len(words) - start), 0, -1):
            kind = _INDEX.get(words[start : start + length])
            if kind is not None and not _followed_by_thing(words, start + length):
                return kind
    if (
        "address" in words
        and not _MACHINES.intersection(words)
        and not _followed_by_thing(words, words.index("address") + 1)
    ):
        return _ADDRESS
    return None


def _followed_by_thing(words: tuple[str, ...], index: int) -> bool:
    return index < len(words) and words[index] in _NOT_VALUES
