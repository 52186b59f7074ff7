"""Which views there should be."""

from hypothesis import given
from hypothesis import strategies as st

from omrs_connectors.builtin.virtualizer.plan import LONGEST, Naming, SourceColumn, SourceTable, Term, View, plan


def table(oid: int, name: str, *columns: str, schema: str = "public") -> SourceTable:
    found = tuple(SourceColumn(f"c/{oid}/{n}", n, column) for n, column in enumerate(columns, 1))
    return SourceTable(f"t/{oid}", schema, name, found)


def planned(*tables: SourceTable, keep: bool = False, **terms: str) -> dict[str, View]:
    given = {key.replace("_", "/"): [Term(name) for name in names.split("|")] for key, names in terms.items()}
    return {view.name: view for view in plan(tables, given, style="as_is", keep_unassigned=keep)}


CUST = table(1, "cust", "id", "cst_nm", "x")


def test_terms_name_views_and_columns() -> None:
    found = planned(CUST, table(2, "other", "id"), t_1="Customer", c_1_2="Customer Name", c_1_1="Customer Number")
    assert list(found) == ["Customer"]
    assert found["Customer"].columns == ((1, "Customer Number"), (2, "Customer Name"))


def test_without_a_term_of_its_own_a_table_keeps_its_name_and_columns_may_too() -> None:
    assert planned(CUST, c_1_2="Name")["cust"].columns == ((2, "Name"),)
    assert planned(CUST, c_1_2="Name", keep=True)["cust"].columns == ((1, "id"), (2, "Name"), (3, "x"))
    assert planned(CUST, t_1="Customer")["Customer"].columns == ((1, "id"), (2, "cst_nm"), (3, "x"))
    assert planned(CUST) == {} and planned(table(3, "empty"), t_3="Void") == {}


def test_names_that_come_twice() -> None:
    found = planned(CUST, table(2, "cust", "a", "b", schema="old"), t_1="C", t_2="C", c_2_1="K", c_2_2="K")
    assert set(found) == {"C", "C (old.cust)"}
    assert found["C (old.cust)"].columns == ((1, "K"), (2, "K (b)"))
    assert set(planned(CUST, t_1="Zeta|Alpha")) == {"Alpha"}


def test_small_letters_with_underscores() -> None:
    naming = Naming("snake_case")
    assert [naming.name(text, "o") for text in ("Customer Name", "customer-name", " Straße ", "!")] == [
        "customer_name",
        "customer_name_o",
        "straße",
        "unnamed",
    ]


@given(st.lists(st.sampled_from(["a", "b" * 80]) | st.text(max_size=100), max_size=20))
def test_names_are_given_once_and_fit(texts: list[str]) -> None:
    naming = Naming("as_is")
    names = [naming.name(text, "o") for text in texts]
    assert len(set(names)) == len(names)
    assert all(0 < len(name.encode()) <= LONGEST and "\0" not in name for name in names)
