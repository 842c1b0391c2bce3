"""What the page does: filters, sorting, a link to what is shown. Must not fetch or build HTML."""

from typing import Final

JS: Final = r"""
"use strict";
(() => {
  const page = document.documentElement;
  const table = document.getElementById("tenants");
  if (!table) return;
  const form = document.getElementById("filters");
  const { q, ring, tag } = form.elements;
  const shown = document.getElementById("shown");
  const empty = document.getElementById("empty");
  const tally = [...document.querySelectorAll(".tally button")];
  const heads = [...table.tHead.rows[0].cells];
  const number = new Intl.NumberFormat("en");
  const items = [...table.tBodies].map((body, index) => ({
    body, index, status: body.dataset.status, ring: body.dataset.ring,
    tags: [...body.querySelectorAll(".tag")].map((each) => each.textContent),
    more: body.querySelector("details"), text: null,
  }));
  let column = heads.findIndex((head) => head.classList.contains("c-status"));
  let down = true;

  const content = (item) => (item.text ??= item.body.textContent.toLowerCase());
  const key = (item) => {
    const cell = item.body.rows[0].cells[column];
    return cell.dataset.v === undefined ? cell.textContent.toLowerCase() : Number(cell.dataset.v);
  };

  function filter() {
    const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set(tally.filter((each) => each.ariaPressed === "true")
      .map((each) => each.dataset.status));
    let count = 0;
    for (const item of items) {
      const fits = (!wanted.size || wanted.has(item.status))
        && (!ring.value || item.ring === ring.value)
        && (!tag.value || item.tags.includes(tag.value))
        && words.every((word) => content(item).includes(word));
      if (item.body.hidden === fits) item.body.hidden = !fits;
      count += fits;
    }
    shown.value = count === items.length
      ? `${number.format(count)} shown`
      : `${number.format(count)} of ${number.format(items.length)} shown`;
    empty.hidden = count > 0;
    remember(wanted);
  }

  function sort() {
    const keys = new Map(items.map((item) => [item, key(item)]));
    const sign = down ? -1 : 1;
    const compare = (one, other) => {
      const [a, b] = [keys.get(one), keys.get(other)];
      return (a < b ? -sign : a > b ? sign : 0) || one.index - other.index;
    };
    const all = document.createDocumentFragment();
    all.append(...[...items].sort(compare).map((item) => item.body));
    table.append(all);
    heads.forEach((head, index) => {
      if (index === column) head.ariaSort = down ? "descending" : "ascending";
      else head.removeAttribute("aria-sort");
    });
  }

  // What is shown is in the address, so that it can be sent to somebody.
  function remember(wanted) {
    const state = new URLSearchParams();
    if (q.value) state.set("q", q.value);
    if (ring.value) state.set("ring", ring.value);
    if (tag.value) state.set("tag", tag.value);
    if (wanted.size) state.set("status", [...wanted].join(","));
    const text = state.toString();
    if (text === location.hash.slice(1)) return;
    history.replaceState(null, "", text ? `#${text}` : location.pathname);
  }

  function recall() {
    const state = new URLSearchParams(location.hash.slice(1));
    q.value = state.get("q") ?? "";
    ring.value = state.get("ring") ?? "";
    tag.value = state.get("tag") ?? "";
    if (ring.selectedIndex < 0) ring.value = "";
    if (tag.selectedIndex < 0) tag.value = "";
    const wanted = (state.get("status") ?? "").split(",");
    for (const each of tally) each.ariaPressed = String(wanted.includes(each.dataset.status));
    filter();
  }

  const visible = () => items.filter((item) => !item.body.hidden && item.more);
  for (const each of tally) {
    each.addEventListener("click", () => {
      each.ariaPressed = String(each.ariaPressed !== "true");
      filter();
    });
  }
  let waiting = 0;
  q.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(filter);
  });
  ring.addEventListener("change", filter);
  tag.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("clear").addEventListener("click", () => {
    form.reset();
    for (const each of tally) each.ariaPressed = "false";
    filter();
  });
  document.getElementById("unfold").addEventListener("click", () => {
    const all = visible();
    const open = all.some((item) => !item.more.open);
    for (const item of all) item.more.open = open;
  });
  heads.forEach((head, index) => {
    head.querySelector("button").addEventListener("click", () => {
      const cell = items[0]?.body.rows[0].cells[index];
      down = index === column ? !down : cell?.dataset.v !== undefined;
      column = index;
      sort();
    });
  });
  table.addEventListener("click", (event) => {
    const row = event.target.closest("tbody > tr:first-child");
    if (!row || String(getSelection())) return;
    const more = row.parentElement.querySelector("details");
    if (more) more.open = !more.open;
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      q.focus();
    } else if (event.key === "Escape" && event.target === q) {
      q.value = "";
      filter();
    }
  });
  addEventListener("hashchange", recall);
  page.classList.add("js");
  sort();
  recall();
})();
"""
