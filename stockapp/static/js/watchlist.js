// Watchlist: rows that open and move, and where the focus goes when a row leaves.

import { hasModifier } from "./typing.js";

const COVERED = 80; // pixels

let place = null;
let added = [];
let anchor = null;
let dragged = null;
let underway = null;
let waiting = [];

// Open a row by its button, which asks the server for it; close it here.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-toggle-row]");
  const row = button?.closest("tr");
  if (!row?.nextElementSibling?.matches("[data-more]") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation();
  row.nextElementSibling.remove();
  showRowState(row);
  keepOpenRows();
}, true);

document.addEventListener("keydown", (event) => {
  const row = event.target.closest("#live tbody tr");
  if (event.key === "Escape" && event.target.matches(".why-link")) event.target.closest(".why-of").classList.add("is-quiet");
  // A browser presses the form's first enabled button for Enter in a checkbox, which would analyse the whole list.
  if (event.key === "Enter" && event.target.matches("#live input[type=checkbox]")) event.preventDefault();
  if (!row || event.target.matches("textarea")) return;
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (event.altKey && step && canMove()) {
    event.preventDefault();
    moveRow(readKey(row), { by: step });
  } else if (event.key === "o" && !hasModifier(event)) {
    findMainRow(row).querySelector("[data-toggle-row]").click();
  } else if (event.key === " " && event.target.matches("[role=button]")) {
    event.preventDefault();
    event.target.click();
  }
});

for (const name of ["focusout", "pointerout"]) {
  document.addEventListener(name, (event) => event.target.closest?.(".why-of")?.classList.remove("is-quiet"));
}

// Rows that are dragged by their grip; elsewhere Alt and an arrow, or the buttons of an open row.
document.addEventListener("dragstart", (event) => {
  const row = event.target.closest?.(".grip")?.closest("tr");
  if (!row) return;
  dragged = row;
  row.classList.add("is-dragged");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", row.dataset.key);
  event.dataTransfer.setDragImage(row, 12, 12);
});

document.addEventListener("dragover", (event) => {
  const row = dragged && event.target.closest("#live tbody tr");
  clearMarks();
  if (!row) return;
  event.preventDefault();
  findMainRow(row).classList.add(isInUpperHalf(event, row) ? "is-before" : "is-after");
});

document.addEventListener("drop", (event) => {
  const row = dragged && event.target.closest("#live tbody tr");
  if (!row) return;
  event.preventDefault();
  const before = isInUpperHalf(event, row) ? readKey(row) : readKey(findNextRow(findMainRow(row)));
  if (before !== dragged.dataset.key) moveRow(dragged.dataset.key, { before });
});

document.addEventListener("dragend", () => {
  clearMarks();
  dragged?.classList.remove("is-dragged");
  dragged = null;
});

// What comes while the table is being drawn again waits for that, and is done on the row as it is by then: what htmx
// has queued for an element that has been replaced is never sent.
document.body.addEventListener("htmx:confirm", (event) => {
  const { elt, triggeringEvent } = event.detail;
  const id = triggeringEvent?.submitter?.id || elt.id;
  if (!underway || !id || elt.id === "live" || !elt.closest("#live")) return;
  event.preventDefault();
  waiting.push(() => document.getElementById(id)?.click());
});

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, target, xhr } = event.detail;
  if (elt.id !== "live" && (target.id === "live" || elt.id === "add")) underway = xhr;
});

document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr !== underway) return;
  underway = null;
  if (!event.detail.successful) waiting = [];
  while (!underway && waiting.length) waiting.shift()();
});

// Whatever draws the table again is told which rows are open.
document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.target.id !== "live" && event.detail.elt.id !== "add") return;
  const { formData } = event.detail;
  formData.delete("open");
  for (const ticker of listOpen()) formData.append("open", ticker);
});

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const isPoll = event.detail.elt.id === "live" && event.detail.requestConfig.verb === "get";
  if (isPoll && dragged) event.preventDefault();
});

document.body.addEventListener("htmx:beforeSwap", () => {
  const focused = document.activeElement;
  const row = focused.closest("#live tbody tr");
  const isAct = Boolean(focused.closest("#notices, #live .when-picked"));
  place = row ? { index: listRows().indexOf(findMainRow(row)) } : isAct ? { index: 0 } : null;
});

// The menu of the ticked rows is kept while rows are live, and closes when it has acted.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const submitter = event.detail.requestConfig.triggeringEvent?.submitter;
  const menu = submitter?.closest("#transfer");
  if (menu) menu.open = false;
});

// A control that is still there keeps the focus by its id; of one that has gone, the row in its place takes it.
document.body.addEventListener("htmx:afterSettle", () => {
  for (const row of listRows()) showRowState(row);
  keepOpenRows();
  const order = document.querySelector("#filters [name=sort]");
  const live = document.getElementById("live");
  if (order && live) order.value = live.dataset.sort;
  for (const link of document.querySelectorAll("[data-export]")) link.search = location.search;
  if (!place || document.activeElement !== document.body) return;
  const row = listRows()[Math.min(place.index, listRows().length - 1)];
  (row?.querySelector("th a") ?? document.getElementById("add-ticker"))?.focus();
  place = null;
});

// Rows stay where the reader sees them when a notice above the list comes or goes.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const isPoll = event.detail.elt.id === "live";
  const row = isPoll && window.scrollY ? listRows().find((each) => each.getBoundingClientRect().top >= 0) : null;
  anchor = row ? { key: row.dataset.key, top: row.getBoundingClientRect().top } : null;
});

document.body.addEventListener("htmx:afterSettle", () => {
  const row = anchor && listRows().find((each) => each.dataset.key === anchor.key);
  if (row) window.scrollBy(0, row.getBoundingClientRect().top - anchor.top);
  anchor = null;
});

// What was just added is brought into view, and kept there until the reader moves; the focus stays in the field, where
// the next ticker is typed.
document.body.addEventListener("htmx:afterSettle", () => {
  const live = document.getElementById("live");
  if (live?.dataset.added) added = live.dataset.added.split(" ");
  const rows = listRows().filter((row) => added.includes(row.dataset.key));
  for (const row of rows) row.classList.add("is-new");
  if (rows.length && !isInView(rows[0])) rows[0].scrollIntoView({ block: "center" });
});

for (const name of ["wheel", "touchmove", "pointerdown", "keydown"]) {
  document.addEventListener(name, () => { added = []; }, { passive: true });
}

// The bar at the top and notices at the bottom lie over the page.
function isInView(row) {
  const box = row.getBoundingClientRect();
  return box.top >= COVERED && box.bottom <= window.innerHeight - COVERED;
}

function listRows() {
  return [...document.querySelectorAll("#live tbody tr[data-key]")];
}

function listOpen() {
  return [...document.querySelectorAll("#live [data-more]")].map((row) => row.dataset.more);
}

function findMainRow(row) {
  return row.matches("[data-more]") ? row.previousElementSibling : row;
}

function findNextRow(row) {
  return listRows()[listRows().indexOf(row) + 1];
}

function readKey(row) {
  return row ? findMainRow(row).dataset.key : "";
}

function showRowState(row) {
  const isOpen = Boolean(row.nextElementSibling?.matches("[data-more]"));
  row.classList.toggle("is-open", isOpen);
  row.querySelector("[data-toggle-row]").setAttribute("aria-expanded", String(isOpen));
}

// The address says which rows are open, so that they are when somebody comes back to it.
function keepOpenRows() {
  const address = new URL(location.href);
  address.searchParams.delete("open");
  for (const ticker of listOpen()) address.searchParams.append("open", ticker);
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}

function canMove() {
  return document.querySelector("#live table.is-movable") !== null;
}

function isInUpperHalf(event, row) {
  const box = row.getBoundingClientRect();
  return !row.matches("[data-more]") && event.clientY < box.top + box.height / 2;
}

function clearMarks() {
  for (const row of document.querySelectorAll(".is-before, .is-after")) row.classList.remove("is-before", "is-after");
}

function moveRow(ticker, values) {
  if (underway) {
    waiting.push(() => moveRow(ticker, values));
    return;
  }
  const live = document.getElementById("live");
  htmx.ajax("POST", live.dataset.move, {
    source: live.querySelector("form"),
    target: "#live",
    swap: "outerHTML",
    values: { move: ticker, ...values },
  });
}
