"""Random policies as data, and random ways to write the same one down."""

from __future__ import annotations

from random import Random
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies
from policy_samples import NAMESPACE

Node = tuple[str, dict[str, str], str, list["Node"]]
"""Name, attributes, text (of leaves), children."""

_NAMES = strategies.sampled_from(["ClaimType", "Item", "Metadata", "InputClaims", "Value"])
_TEXTS = strategies.text("ab é<>&\"'\n ", max_size=6)
_ATTRIBUTES = strategies.dictionaries(
    strategies.sampled_from(["Id", "Key", "Order", "Value"]),
    strategies.text("ab <>&\"'é", max_size=4),
    max_size=3,
)


def _branch(children: strategies.SearchStrategy[Node]) -> strategies.SearchStrategy[Node]:
    return strategies.tuples(
        _NAMES, _ATTRIBUTES, strategies.just(""), strategies.lists(children, min_size=1, max_size=3)
    )


LEAVES: strategies.SearchStrategy[Node] = strategies.tuples(
    _NAMES, _ATTRIBUTES, _TEXTS, strategies.just([])
)
NODES: strategies.SearchStrategy[Node] = strategies.recursive(LEAVES, _branch, max_leaves=12)
POLICIES = strategies.lists(NODES, max_size=4).map(
    lambda children: ("TrustFrameworkPolicy", {"PolicyId": "B2C_1A_A"}, "", children)
)


def plain(node: Node) -> bytes:
    """Write a policy in the plainest way."""
    return _write(node, Random(0), style=False, root=True).encode()


def styled(node: Node, seed: int) -> bytes:
    """Write the same policy in a way drawn from `seed`."""
    random = Random(seed)
    text = _write(node, random, style=True, root=True)
    declaration = random.choice(["", '<?xml version="1.0" encoding="utf-8"?>\n', "<!-- x -->\n"])
    text = declaration + text + random.choice(["", "\n", "\n<!-- end -->"])
    if random.random() < 0.5:
        text = text.replace("\n", "\r\n")
    return text.encode(random.choice(["utf-8", "utf-8-sig"]))


def _write(node: Node, random: Random, *, style: bool, root: bool = False) -> str:
    name, attributes, text, children = node
    pairs = list(attributes.items())
    head = [f"xmlns={quoteattr(NAMESPACE)}"] if root else []
    if style:
        random.shuffle(pairs)
        if random.random() < 0.2:
            head.append('xmlns:unused="urn:unused"')
    head += [f"{key}={_quoted(value, random, style=style)}" for key, value in pairs]
    opened = " ".join([name, *head])
    gaps = ["", "\n  ", "\t", "<!-- c -->", "<?p i?>"] if style else [""]
    if children:
        inner = random.choice(gaps)
        for child in children:
            inner += _write(child, random, style=style) + random.choice(gaps)
    elif style and text and random.random() < 0.3 and "]]>" not in text:
        inner = f"<![CDATA[{text}]]>"
    else:
        inner = escape(text)
    if not inner and style and random.random() < 0.5:
        return f"<{opened} />"
    return f"<{opened}>{inner}</{name}>"


def _quoted(value: str, random: Random, *, style: bool) -> str:
    if style and random.random() < 0.5:
        return "'" + escape(value, {"'": "&apos;"}) + "'"
    return '"' + escape(value, {'"': "&quot;"}) + '"'
