"""The look of the page: CSS, as text. Must not name a font, image or file from elsewhere."""

from typing import Final

CSS: Final = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --ink: #1b2027; --soft: #5a6472; --faint: #a9b1bc; --line: #dfe3e8;
  --hover: #f0f3f7; --accent: #0b5cad; --focus: #0b5cad;
  --failed: #b3261e; --failed-bg: #fdeceb; --interrupted: #a33d00; --interrupted-bg: #fdeee3;
  --skipped: #5a6472; --skipped-bg: #e9ecf0; --changes: #8a5a00; --changes-bg: #fdf3d7;
  --waiting: #6b4fa0; --waiting-bg: #f1ecfb; --good: #17692f; --good-bg: #e4f4e8;
  --add: #116329; --add-bg: #e9f8ed; --del: #a01b23; --del-bg: #ffeeee;
  --mod: #7a5200; --mod-bg: #fff8e2; --code: #f6f8fa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1318; --card: #171c23; --ink: #e4e8ee; --soft: #98a3b1; --faint: #566170;
    --line: #2b323c; --hover: #1e252e; --accent: #7ab7ff; --focus: #7ab7ff;
    --failed: #ff938a; --failed-bg: #3f1a18; --interrupted: #ffab78; --interrupted-bg: #3d2415;
    --skipped: #a8b2bf; --skipped-bg: #2a313a; --changes: #f0c355; --changes-bg: #3a2d0d;
    --waiting: #c4acf5; --waiting-bg: #2d2342; --good: #75d08d; --good-bg: #14321e;
    --add: #7ee29a; --add-bg: #12281a; --del: #ffa09b; --del-bg: #341a1b;
    --mod: #f0c864; --mod-bg: #2e2610; --code: #11161c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.75rem clamp(.75rem, 3vw, 2.5rem) 4rem; max-width: 92rem;
  background: var(--page); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
code, pre, .diff { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1rem; margin: 0 0 .6rem; }
h3 { font-size: 1em; margin: 1rem 0 .4rem; overflow-wrap: anywhere; }
.facts { margin: .35rem 0 0; color: var(--soft); }
.facts span + span::before { content: "·"; margin: 0 .5em; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .4rem .8rem; z-index: 9; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
.stopped {
  margin: 1rem 0 0; padding: .6rem .9rem; border-left: 4px solid var(--interrupted);
  background: var(--interrupted-bg); border-radius: 4px; overflow-wrap: anywhere;
}
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 1rem 1.1rem; margin-top: 1rem;
}
.bar { display: block; width: 100%; height: 10px; border-radius: 5px; background: var(--line); }
.bar .failed { fill: var(--failed); } .bar .interrupted { fill: var(--interrupted); }
.bar .skipped { fill: #8d97a5; } .bar .changes { fill: #dfa527; }
.bar .waiting { fill: #9a7fd6; }
.bar .applied, .bar .passed, .bar .in-sync { fill: #3a9d57; }
.tally {
  display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; margin: .9rem 0 0; padding: 0;
}
.tally button, .tally .fixed {
  display: inline-flex; align-items: baseline; gap: .45em; font: inherit; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: 7px;
  padding: .3rem .7rem; cursor: pointer;
}
.tally b { font-size: 1.2em; }
.tally button:hover { background: var(--hover); }
.tally button[aria-pressed=true] {
  border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent);
}
.tally .failed b { color: var(--failed); } .tally .interrupted b { color: var(--interrupted); }
.tally .changes b { color: var(--changes); } .tally .waiting b { color: var(--waiting); }
.tally .applied b, .tally .passed b, .tally .in-sync b { color: var(--good); }
.work { margin: .8rem 0 0; color: var(--soft); }
.rings {
  display: grid; grid-template-columns: auto minmax(6rem, 22rem) 1fr; gap: .4rem .9rem;
  align-items: center; margin: 0;
}
.rings dt { font-weight: 600; overflow-wrap: anywhere; }
.rings dd { margin: 0; color: var(--soft); }
.rings dd.share { line-height: 0; }
.filters {
  display: flex; flex-wrap: wrap; gap: .6rem .8rem; align-items: center;
  margin: 1.25rem 0 .6rem;
}
html:not(.js) .filters, html:not(.js) .sort::after { display: none; }
html:not(.js) .tally button { cursor: default; }
.filters label { color: var(--soft); display: inline-flex; gap: .4em; align-items: center; }
.filters .find { flex: 1 1 16rem; }
.filters input, .filters select, .filters button {
  font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: 6px; padding: .35rem .6rem; min-height: 2.1rem;
}
.filters input { width: 100%; }
.filters select { max-width: 14rem; }
.filters button { cursor: pointer; }
.filters button:hover { background: var(--hover); }
.filters output { color: var(--soft); margin-left: auto; white-space: nowrap; }
table {
  width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px;
}
th, td { text-align: left; padding: .42rem .7rem; vertical-align: baseline; }
thead th {
  position: sticky; top: 0; background: var(--card); border-bottom: 1px solid var(--line);
  white-space: nowrap; z-index: 2;
}
thead th:first-child { border-top-left-radius: 8px; }
thead th:last-child { border-top-right-radius: 8px; }
thead button {
  font: inherit; font-weight: 600; color: inherit; background: none; border: 0; padding: 0;
  cursor: pointer;
}
.sort::after { content: "↕"; opacity: .3; margin-left: .3em; font-weight: 400; }
[aria-sort=ascending] .sort::after { content: "↑"; opacity: 1; }
[aria-sort=descending] .sort::after { content: "↓"; opacity: 1; }
tbody th { font-weight: 600; overflow-wrap: anywhere; }
tbody tr:first-child > * { border-top: 1px solid var(--line); }
tbody:first-of-type tr:first-child > * { border-top: 0; }
tbody.more tr:first-child { cursor: pointer; }
tbody.more tr:first-child:hover { background: var(--hover); }
tbody.more tr:first-child > * { padding-bottom: .1rem; }
.domain { font-weight: 400; color: var(--soft); margin-left: .5em; }
.tag {
  font-weight: 400; font-size: .86em; color: var(--soft); border: 1px solid var(--line);
  border-radius: 9px; padding: 0 .5em; margin-left: .35em; display: inline-block;
}
.n { text-align: right; white-space: nowrap; }
.n.plus { color: var(--add); } .n.minus { color: var(--del); }
.n.tilde, .n.held, .n.manual { color: var(--mod); }
.zero.n { color: var(--faint); }
.status {
  display: inline-block; padding: 0 .6em; border-radius: 10px; white-space: nowrap;
  font-weight: 600; font-size: .9em;
}
.status.failed { color: var(--failed); background: var(--failed-bg); }
.status.interrupted { color: var(--interrupted); background: var(--interrupted-bg); }
.status.skipped { color: var(--skipped); background: var(--skipped-bg); }
.status.changes { color: var(--changes); background: var(--changes-bg); }
.status.waiting { color: var(--waiting); background: var(--waiting-bg); }
.status.applied, .status.passed, .status.in-sync { color: var(--good); background: var(--good-bg); }
.detail td { padding: 0 .7rem .45rem; }
summary { cursor: pointer; color: var(--soft); overflow-wrap: anywhere; padding: .1rem 0; }
.failed summary, .interrupted summary { color: var(--failed); }
details[open] > summary { margin-bottom: .6rem; }
.body { padding: 0 0 .6rem 1rem; border-left: 3px solid var(--line); margin-left: .25rem; }
.problem {
  background: var(--failed-bg); border-radius: 6px; padding: .6rem .9rem; margin: 0 0 .8rem;
  overflow-wrap: anywhere;
}
.problem p { margin: 0; }
.problem p + p { margin-top: .35rem; }
.problem .message { color: var(--failed); font-weight: 600; }
.identity {
  display: grid; grid-template-columns: max-content 1fr; gap: .1rem .9rem; margin: 0 0 .8rem;
}
.identity dt { color: var(--soft); }
.identity code { user-select: all; font-size: 12.5px; }
.identity dd { margin: 0; overflow-wrap: anywhere; }
.diff {
  margin: 0 0 .8rem; padding: .5rem 0; background: var(--code); border: 1px solid var(--line);
  border-radius: 6px; font-size: 12.5px; line-height: 1.5; white-space: pre-wrap;
  overflow-wrap: anywhere;
}
.diff span { display: block; padding: 0 .8rem; }
.diff .step { margin-top: .55rem; font-weight: 600; }
.diff .step:first-child, .diff .step + .step { margin-top: 0; }
.diff .a { color: var(--add); background: var(--add-bg); }
.diff .d { color: var(--del); background: var(--del-bg); }
.diff .m { color: var(--mod); background: var(--mod-bg); }
.diff i { font-style: normal; font-weight: 400; color: var(--soft); }
.empty { padding: 2rem; text-align: center; color: var(--soft); }
.sr {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}
footer { margin-top: 1.5rem; color: var(--soft); }
kbd { font: inherit; border: 1px solid var(--line); border-radius: 4px; padding: 0 .35em; }
@media (max-width: 62rem) { .c-digest, .c-held, .c-manual { display: none; } }
@media (max-width: 46rem) {
  .c-seconds, .c-ring { display: none; }
  .domain { display: block; margin: 0; }
  th, td { padding-inline: .4rem; }
  .rings { grid-template-columns: auto 1fr; } .rings dd.share { display: none; }
}
@media (prefers-reduced-motion: no-preference) { .tally button { transition: background .1s; } }
@media print {
  :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; }
  body { max-width: none; padding: 0; font-size: 11px; }
  .filters, .skip { display: none !important; }
  thead th { position: static; }
  .card, table { border-radius: 0; }
  tbody, .card { break-inside: avoid; }
  tbody:has(details[open]) { break-inside: auto; }
  .bar, .status, .diff span, .problem {
    print-color-adjust: exact; -webkit-print-color-adjust: exact;
  }
}
"""
