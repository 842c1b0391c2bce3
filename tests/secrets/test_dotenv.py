"""Editing a dotenv file that people edit too."""

from __future__ import annotations

import subprocess

import pytest

from provisioning.core.errors import SecretError
from provisioning.secrets import dotenv


def test_other_lines_and_comments_are_kept() -> None:
    text = "# mine\nexport A=1\n\nCLIENT_SECRET=old # why\nB='x'\n"
    assert dotenv.merge(text, {"CLIENT_SECRET": "new", "CLIENT_SECRET_KEY_ID": "k1"}) == (
        "# mine\nexport A=1\n\nCLIENT_SECRET=new\nB='x'\nCLIENT_SECRET_KEY_ID=k1\n"
    )


def test_a_missing_last_newline_does_not_join_two_lines() -> None:
    assert dotenv.merge("A=1", {"B": "2"}) == "A=1\nB=2\n"


def test_a_name_assigned_twice_keeps_its_last_place() -> None:
    assert dotenv.merge("A=1\nB=2\nA=3\n", {"A": "4"}) == "B=2\nA=4\n"


def test_a_name_that_starts_alike_is_another_name() -> None:
    assert dotenv.merge("AB=1\n#A=2\n", {"A": "3"}) == "AB=1\n#A=2\nA=3\n"


def test_none_removes_a_name() -> None:
    assert dotenv.merge("A=1\nB=2\n", {"A": None, "C": None}) == "B=2\n"


def test_an_assignment_inside_a_quoted_value_is_no_assignment() -> None:
    text = 'KEY="first\nA=1\nlast"\nA=2\n'
    assert dotenv.values(text) == {"KEY": "first\nA=1\nlast", "A": "2"}
    assert dotenv.merge(text, {"A": "3"}) == 'KEY="first\nA=1\nlast"\nA=3\n'


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("A = b # c", "b"),
        ("A=b#c", "b#c"),
        ("  export A='b # c'", "b # c"),
        ('A="b \\"c\\" \\\\d"', 'b "c" \\d'),
        ("A=", ""),
        ("A='unclosed", "'unclosed"),
    ],
)
def test_values_are_read_as_the_dotenv_libraries_do(line: str, value: str) -> None:
    assert dotenv.values(f"{line}\nZ=1\n") == {"A": value, "Z": "1"}


@pytest.mark.parametrize(
    "value",
    ["abc8Q~x_y.z-9", "~start", "a b", "a'b", '$HOME `id` "q" \\n', "a#b", "'\"$`\\", "ü€"],
)
def test_a_written_value_reads_back_and_means_the_same_to_a_shell(value: str) -> None:
    text = dotenv.merge("", {"A": value})
    assert dotenv.values(text) == {"A": value}
    script = f'{text}printf %s "$A"'
    told = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True)
    assert told.stdout == value


def test_a_value_of_several_lines_is_refused_without_telling_it() -> None:
    with pytest.raises(SecretError) as caught:
        dotenv.merge("", {"A": "hush\nhush"})
    assert "hush" not in str(caught.value)
