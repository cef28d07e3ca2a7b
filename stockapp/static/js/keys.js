// Keys: shortcuts, listed on `?` and off while somebody types.

import { isShortcut } from "./typing.js";

let leads = false;

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event)) return;
  const place = leads && document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  leads = event.key === "g";
  if (place) location.assign(place.href);
  else if (event.key === "/") focusField(event, "search");
  else if (event.key === "n") focusField(event, "add-ticker");
  else if (event.key === "?") document.getElementById("keys").showModal();
  else if (event.key === "t") switchTheme();
  else if (event.key === "[" || event.key === "]") document.querySelector(`a[aria-keyshortcuts="${event.key}"]`)?.click();
  else if (event.key === "j" || event.key === "k") stepToRow(event.key === "j" ? 1 : -1);
});

function focusField(event, id) {
  const input = document.getElementById(id);
  if (!input) return;
  event.preventDefault();
  input.focus();
  input.select();
}

function switchTheme() {
  const buttons = [...document.querySelectorAll(".theme-switch button")];
  const now = buttons.findIndex((button) => button.getAttribute("aria-pressed") === "true");
  buttons[(now + 1) % buttons.length].click();
}

function stepToRow(by) {
  const links = [...document.querySelectorAll("[data-rows] tbody th a")];
  const now = links.indexOf(document.activeElement);
  links[Math.min(Math.max(now + by, 0), links.length - 1)]?.focus();
}
