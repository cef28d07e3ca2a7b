// Combobox: suggestions under a text field, chosen with the arrow keys or the pointer. Without this it is a text field.

let chosenBefore;

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const list = event.detail.target;
  if (list.matches?.("[role=listbox]")) chosenBefore = findChosen(list)?.dataset.value;
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  const list = event.detail.target;
  if (!list.matches?.("[role=listbox]")) return;
  const input = findInput(list);
  if (input === document.activeElement && list.children.length) openList(input, list);
  else closeList(input, list);
  // Suggestions for the last letters may arrive after an option was chosen: Enter must still take that option.
  const same = [...list.children].find((option) => option.dataset.value === chosenBefore);
  if (same && !list.hidden) chooseOption(input, list, same);
});

document.addEventListener("keydown", (event) => {
  const [input, list] = findParts(event.target);
  if (!list || list.hidden) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    moveChoice(input, list, event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && findChosen(list)) {
    event.preventDefault();
    takeOption(input, list, findChosen(list));
  } else if (event.key === "Escape") {
    event.preventDefault();
    closeList(input, list);
  }
});

document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest("[data-combobox] [role=option]");
  if (!option) return;
  event.preventDefault();
  const list = option.parentElement;
  takeOption(findInput(list), list, option);
});

document.addEventListener("focusout", (event) => {
  const [input, list] = findParts(event.target);
  if (list) closeList(input, list);
});

function findInput(list) {
  return document.querySelector(`[aria-controls="${list.id}"]`);
}

function findParts(input) {
  const isOne = input.matches?.("[data-combobox] input[role=combobox]");
  return isOne ? [input, document.getElementById(input.getAttribute("aria-controls"))] : [];
}

function openList(input, list) {
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  input.removeAttribute("aria-activedescendant");
}

function closeList(input, list) {
  list.hidden = true;
  input?.setAttribute("aria-expanded", "false");
  input?.removeAttribute("aria-activedescendant");
}

function findChosen(list) {
  return list.querySelector("[aria-selected=true]");
}

function moveChoice(input, list, step) {
  const options = [...list.children];
  const now = options.indexOf(findChosen(list));
  chooseOption(input, list, options[(now + step + options.length + (now < 0 && step < 0 ? 1 : 0)) % options.length]);
}

function chooseOption(input, list, next) {
  for (const option of list.children) option.setAttribute("aria-selected", String(option === next));
  input.setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

function takeOption(input, list, option) {
  input.value = option.dataset.value;
  closeList(input, list);
  input.form.requestSubmit();
}
