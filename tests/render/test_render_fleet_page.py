"""The page of a run, read as a browser reads it: what is element, what is text, what may run."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from fleet_samples import (
    ALL,
    APPLIED,
    CALM,
    CHANGED,
    CHECKED,
    EMPTY,
    EVIL,
    HOSTILE,
    RUN,
    Spool,
    run,
    tenant,
)

from provisioning.core.fleet import FleetRun, Status, TenantResult
from provisioning.core.model import Address
from provisioning.core.plan import Action, Change, Step
from provisioning.render import fleet

VOID = {"meta", "input", "rect"}
KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "footer", "script"),
    *("h1", "h2", "a", "p", "span", "b", "i", "code", "div", "section", "svg", "rect"),
    *("ul", "li", "dl", "dt", "dd", "form", "label", "input", "select", "option", "output"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "button", "details", "summary"),
}


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """Elements in the order of their beginning; every text is noted in all that hold it."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        for each in self.open:
            each.text += data

    def all(self, name: str, kind: str | None = None) -> list[Element]:
        return [
            each
            for each in self.elements
            if each.name == name and (kind is None or kind in each.attributes.get("class", ""))
        ]


def source(made: FleetRun, *tenants: TenantResult) -> str:
    return "".join(fleet.html(made, Spool(tenants)))


def page(made: FleetRun, *tenants: TenantResult) -> Page:
    read = Page()
    read.feed(source(made, *tenants))
    read.close()
    assert read.open == []
    return read


def test_every_tenant_is_a_row_with_its_numbers() -> None:
    read = page(RUN, *ALL)
    cells = [each.text for each in read.elements if each.name in {"th", "td"}]
    names = [each.text.split()[0] for each in read.all("th") if each.attributes["scope"] == "row"]
    assert names == [each.name for each in ALL]
    start = cells.index("contoso contoso.onmicrosoft.com")
    numbers = ["1", "1", "0", "2", "1"]
    assert cells[start + 1 : start + 10] == [
        *("broad", "changes", *numbers, CHANGED.digest[:12], "1.2")
    ]
    assert read.all("h1")[0].text == "Plan of 6 tenants"
    assert read.all("p", "stopped")[0].text == "Stopped. broad: 2 tenants failed, stopAfter is 2"


def test_numbers_filters_and_rings_are_those_of_the_run() -> None:
    read = page(RUN, *ALL)
    tally = [each.text for each in read.all("button") if "data-status" in each.attributes]
    assert tally == ["2 failed", "1 not begun", "2 with changes", "1 in sync"]
    options = [each.attributes["value"] for each in read.all("option")]
    assert options == ["", "canary", "broad", "", "eu"]
    assert [each.text for each in read.all("dd")][:4] == [
        "",
        "1 in sync",
        "",
        "2 failed, 1 not begun, 2 with changes",
    ]
    assert "Rings" not in source(run("plan", CALM), CALM)


def test_a_plan_is_folded_into_its_row_with_colours_and_approval() -> None:
    read = page(RUN, *ALL)
    plan, *_ = read.all("div", "diff")
    assert "+ application.api  # not in the tenant" in plan.text
    assert '-         "https://a"' in plan.text
    assert "!     to carry it out: --prune" in plan.text
    added = [each.text for each in read.all("span", "a")]
    assert '+         "myapp://auth"' in added
    assert f"--approved contoso={CHANGED.digest}" in [each.text for each in read.all("code")]
    # Both plans and both failures can be unfolded, nothing else can, and all start folded.
    folded = read.all("details")
    assert (len(folded), [each for each in folded if "open" in each.attributes]) == (4, [])


def test_the_plan_of_one_tenant_alone_is_open() -> None:
    (details,) = page(run("plan", CHANGED), CHANGED).all("details")
    assert "open" in details.attributes


def test_an_error_comes_with_its_remedy() -> None:
    problem, *_ = page(RUN, *ALL).all("div", "problem")
    assert problem.text == "AADSTS7000215: Invalid client secretWhat to do: renew the secret"
    (diff,) = page(run("verify", CHECKED), CHECKED).all("div", "diff")
    assert "-     policy (AADB2C90118): no" in diff.text
    (applied,) = page(run("apply", APPLIED), APPLIED).all("div", "diff")
    assert "- failed update application.app" in applied.text


def test_nothing_comes_from_elsewhere_and_only_our_texts_run() -> None:
    read = page(RUN, *ALL, HOSTILE)
    (policy,) = (
        each.attributes["content"]
        for each in read.all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    (script,), (style,) = read.all("script"), read.all("style")
    hashes = [
        base64.b64encode(hashlib.sha256(each.text.encode()).digest()).decode()
        for each in (script, style)
    ]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    used = {name for each in read.elements for name in each.attributes}
    assert not used & {"src", "style", "action", "srcset", "background"}
    assert not [name for name in used if name.startswith("on")]
    assert {each.attributes["href"] for each in read.all("a")} == {"#tenants"}
    assert "url(" not in style.text
    assert "@import" not in style.text


def test_a_tenants_words_are_text_wherever_they_stand() -> None:
    read = page(run("plan", HOSTILE, CHANGED), HOSTILE, CHANGED)
    assert {each.name for each in read.elements} <= KNOWN
    assert len(read.all("script")) == 1
    harmless = EVIL.replace("\x1b", "\\x1b").replace("\n", "\\x0a")
    spans = [each.text for each in (*read.all("span", "domain"), *read.all("span", "tag"))]
    assert spans == [harmless, "contoso.onmicrosoft.com", harmless]
    assert f"# {harmless}" in read.all("div", "diff")[0].text
    assert read.all("p", "message")[0].text == harmless
    values = [each.attributes["value"] for each in read.all("option")]
    assert values.count(harmless) == 2
    assert "\x1b" not in source(run("plan", HOSTILE), HOSTILE)


def test_ids_are_unique_and_every_control_has_a_name() -> None:
    read = page(RUN, *ALL, HOSTILE)
    ids = [each.attributes["id"] for each in read.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    named = [each.text or each.attributes.get("aria-label", "") for each in read.all("button")]
    assert all(named)
    assert all(each.attributes["scope"] in {"col", "row"} for each in read.all("th"))
    # A form's controls hide its own methods behind their ids: `form.reset` must stay a function.
    assert not set(ids) & {"reset", "submit", "elements"}


def test_neighbours_of_one_colour_share_an_element_so_that_big_plans_stay_light() -> None:
    changes = tuple(Change(f"p{number}", None, number) for number in range(50))
    step = Step(Address("application", "a"), Action.CREATE, "", changes)
    made = tenant("contoso", Status.CHANGES, replace(EMPTY, steps=(step,)))
    (diff,) = re.findall(r"<div class=diff>.*?</div>", source(run("plan", made), made), re.DOTALL)
    assert diff.count("<span") == 2
