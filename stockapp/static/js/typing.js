// Typing: which key presses are shortcuts, and which belong to a field, a dialog or the browser.

const FIELDS = "input:not([type=checkbox]), select, textarea, dialog, dialog *";

export function isShortcut(event) {
  return !hasModifier(event) && !event.target.matches(FIELDS);
}

export function hasModifier(event) {
  return event.ctrlKey || event.metaKey || event.altKey;
}
