// Job: what was unfolded stays so while the page is renewed, and a list of failures is copied.

let kept = [];

document.body.addEventListener("htmx:beforeSwap", () => {
  kept = [...document.querySelectorAll("details[data-keep][open]")].map((fold) => fold.id);
});

document.body.addEventListener("htmx:afterSwap", () => {
  for (const id of kept) document.getElementById(id)?.setAttribute("open", "");
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const done = await copyText(document.getElementById(button.dataset.copy));
  button.textContent = done ? "Copied" : "Selected: press Ctrl+C";
  document.getElementById("announcer").textContent = button.textContent;
});

// Browsers give the clipboard to pages over https and of this machine only; elsewhere the text is selected first.
async function copyText(element) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(element.textContent);
      return true;
    } catch (refusal) {
      if (refusal.name !== "NotAllowedError") throw refusal;
    }
  }
  getSelection().selectAllChildren(element);
  return document.execCommand("copy");
}
