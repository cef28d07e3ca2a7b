// Live: what the page keeps while its parts are replaced, and what it says aloud when they are.

import { DAY, ageInWords } from "./formats.js";

const announcer = document.getElementById("announcer");
let announced = findLivePart()?.dataset.announce ?? "";
let picked = [];

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (requestConfig.triggeringEvent !== undefined) return;
  // The notice comes with the live part while that polls.
  const isCarried = elt.id === "source-notice" && findLivePart()?.hasAttribute("hx-get");
  if (isCarried || (document.hidden && ["live", "source-notice"].includes(elt.id))) event.preventDefault();
});

document.body.addEventListener("htmx:beforeSwap", () => {
  picked = listBoxes().filter((box) => box.checked).map((box) => box.value);
});

document.body.addEventListener("htmx:afterSettle", () => {
  for (const box of listBoxes()) box.checked ||= picked.includes(box.value);
  const part = findLivePart();
  if (!part) return;
  if (part.dataset.title) document.title = part.dataset.title;
  announce(part.dataset.announce ?? "");
  if (part.dataset.refresh) document.dispatchEvent(new CustomEvent(`refresh:${part.dataset.refresh}`));
});

// Nothing has changed: withdraw a notice that the page may be old.
document.body.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr } = event.detail;
  if (xhr.status === 204 && elt.id === "live") announce(findLivePart()?.dataset.announce ?? "");
});

document.body.addEventListener("htmx:sendError", () => {
  announce("The server does not answer; what is shown may be old.", true);
});

document.body.addEventListener("htmx:responseError", (event) => {
  const { status, responseText } = event.detail.xhr;
  if (status === 503) announce(`${responseText} What is shown may be old; it is renewed once that is over.`, true);
  else if (status === 429) announce(responseText, true);
  else announce(`That did not work (${status}). Reload the page and try again.`, true);
});

// Fields that were changed before the scripts had come act now. Their triggers must not say `changed`: htmx takes the
// values that it finds at its start for the old ones.
document.addEventListener("DOMContentLoaded", () => {
  for (const field of document.querySelectorAll("input")) {
    if (field.value !== field.defaultValue) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

document.addEventListener("click", (event) => {
  event.target.closest("[data-close]")?.closest(".notice").remove();
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details[data-menu][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-pick-all]")) return;
  for (const box of listBoxes()) box.checked = event.target.checked;
});

setInterval(() => {
  for (const time of document.querySelectorAll("time[title]")) {
    const age = (Date.now() - new Date(time.dateTime)) / 1000;
    time.textContent = age < DAY ? ageInWords(age) : time.title;
  }
}, 30_000);

function listBoxes() {
  return [...document.querySelectorAll("input[name=tickers]")];
}

function findLivePart() {
  return document.getElementById("live");
}

function announce(sentence, isShown = false) {
  if (sentence !== announced) announcer.textContent = sentence;
  announced = sentence;
  const notices = document.getElementById("notices");
  notices.querySelector("[data-connection]")?.remove();
  if (!isShown) return;
  notices.classList.add("toasts");
  const notice = document.createElement("p");
  notice.className = "notice notice-warning";
  notice.dataset.connection = "";
  notice.textContent = sentence;
  notices.append(notice);
}
