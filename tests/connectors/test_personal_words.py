"""Which names look personal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omrs_connectors.builtin.personal_data.words import _PHRASES, personal_kind, words_of

PERSONAL = {
    "email": "email address",
    "Email": "email address",
    "E-Mail": "email address",
    "customerEmailAddress": "email address",
    "EMAIL_ADDRESS": "email address",
    "contact.email": "email address",
    "phone1": "phone number",
    "mobilePhone": "phone number",
    "HomePhoneNumber": "phone number",
    "dob": "date of birth",
    "date_of_birth": "date of birth",
    "BirthDate": "date of birth",
    "birthday": "date of birth",
    "Geburtsdatum": "date of birth",
    "fecha_nacimiento": "date of birth",
    "ssn": "national identifier",
    "SSNumber_ssn": "national identifier",
    "passportNumber": "national identifier",
    "iban": "bank or card number",
    "creditCardNo": "bank or card number",
    "firstName": "person's name",
    "first_name": "person's name",
    "FIRSTNAME": "person's name",
    "last name": "person's name",
    "surname": "person's name",
    "prénom": "person's name",
    "Straße": "postal address",
    "address": "postal address",
    "address_2": "postal address",
    "zipCode": "postal address",
    "zip_code": "postal address",
    "items[].customer.postcode": "postal address",
    "gender": "personal characteristic",
}
NOT_PERSONAL = [
    "name",
    "filename",
    "file_name",
    "host_name",
    "title",
    "ip_address",
    "macAddress",
    "memory_address",
    "email_template",
    "email_count",
    "phoneType",
    "telemetry",
    "emailed",
    "streetlight_id_of_lamp_streetlight",
    "birthplace_of_stars",
    "dobson_unit",
    "ssn_length",
    "amount",
    "id",
    "customer_id",
    "position",
    "",
    "___",
]


@pytest.mark.parametrize(("name", "kind"), PERSONAL.items())
def test_personal_names(name: str, kind: str) -> None:
    assert personal_kind(name) == kind


@pytest.mark.parametrize("name", NOT_PERSONAL)
def test_other_names(name: str) -> None:
    assert personal_kind(name) is None


@given(st.text(max_size=40))
def test_any_text_is_answered(name: str) -> None:
    kind = personal_kind(name)
    assert kind is None or kind in _PHRASES


@given(st.lists(st.sampled_from(["birth", "mail", "zip", "last", "alpha", "omega"]), min_size=1, max_size=4))
def test_every_way_to_join_words_gives_the_same_words(words: list[str]) -> None:
    camel = words[0] + "".join(word.capitalize() for word in words[1:])
    forms = ["_".join(words), "-".join(words), " ".join(words), ".".join(words), camel, "_".join(words).upper()]
    assert {words_of(form) for form in forms} == {tuple(words)}


@given(st.sampled_from([phrase for phrases in _PHRASES.values() for phrase in phrases]))
def test_every_phrase_is_found_in_every_form(phrase: str) -> None:
    words = phrase.split()
    kind = personal_kind("_".join(words))
    assert kind is not None
    assert personal_kind("the_" + "_".join(words)) == kind
    assert personal_kind(words[0] + "".join(word.capitalize() for word in words[1:])) == kind
