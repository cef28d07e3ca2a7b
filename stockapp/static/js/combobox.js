// Combobox: suggestions under a text field, chosen with the arrow keys or the pointer. Without this it is a text field.

let chosenBefore;

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const list = event.detail.target;
  if (list.matches?.("[role=listbox]")) chosenBefore = chosen(list)?.dataset.value;
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  const list = event.detail.target;
  if (!list.matches?.("[role=listbox]")) return;
  const input = document.querySelector(`[aria-controls="${list.id}"]`);
  if (input === document.activeElement && list.children.length) open(input, list);
  else close(input, list);
  // Suggestions for the last letters may arrive after an option was chosen: Enter must still take that option.
  const same = [...list.children].find((option) => option.dataset.value === chosenBefore);
  if (same && !list.hidden) choose(input, list, same);
});

document.addEventListener("keydown", (event) => {
  const [input, list] = parts(event.target);
  if (!list || list.hidden) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(input, list, event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && chosen(list)) {
    event.preventDefault();
    take(input, list, chosen(list));
  } else if (event.key === "Escape") {
    event.preventDefault();
    close(input, list);
  }
});

document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest("[data-combobox] [role=option]");
  if (!option) return;
  event.preventDefault();
  const list = option.parentElement;
  take(document.querySelector(`[aria-controls="${list.id}"]`), list, option);
});

document.addEventListener("focusout", (event) => {
  const [input, list] = parts(event.target);
  if (list) close(input, list);
});

function parts(input) {
  const isOne = input.matches?.("[data-combobox] input[role=combobox]");
  return isOne ? [input, document.getElementById(input.getAttribute("aria-controls"))] : [];
}

function open(input, list) {
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  input.removeAttribute("aria-activedescendant");
}

function close(input, list) {
  list.hidden = true;
  input?.setAttribute("aria-expanded", "false");
  input?.removeAttribute("aria-activedescendant");
}

function chosen(list) {
  return list.querySelector("[aria-selected=true]");
}

function move(input, list, step) {
  const options = [...list.children];
  const now = options.indexOf(chosen(list));
  choose(input, list, options[(now + step + options.length + (now < 0 && step < 0 ? 1 : 0)) % options.length]);
}

function choose(input, list, next) {
  for (const option of list.children) option.setAttribute("aria-selected", String(option === next));
  input.setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

function take(input, list, option) {
  input.value = option.dataset.value;
  close(input, list);
  input.form.requestSubmit();
}
