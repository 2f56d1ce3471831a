"""What the CSV button below a table saves."""

from datetime import UTC, datetime

import pandas as pd

from lib.ui.csv_table import csv_lines


def test_no_cell_is_a_formula_and_moments_are_on_the_companys_clock(configure) -> None:
    configure(BILLING_TIME_ZONE="Europe/Berlin")
    table = pd.DataFrame(
        {
            "Name": ["=HYPERLINK(1)", 'He said "no", twice'],
            "State": [["Draft", "New"], []],
            "When": [datetime(2026, 7, 1, 12, tzinfo=UTC), None],
            "Cost": [-1.5, None],
        }
    )
    assert "".join(csv_lines(table)) == (
        "\ufeffName,State,When,Cost\r\n"
        "'=HYPERLINK(1),Draft; New,2026-07-01T14:00:00+02:00,-1.5\r\n"
        '"He said ""no"", twice",,,\r\n'
    )
