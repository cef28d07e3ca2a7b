// Time zone: propose the browser's to an account without one. The person chooses and saves it.

const proposal = document.getElementById("zone-proposal");
const field = document.querySelector("select[name=time_zone]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function showProposal() {
  const isKnown = [...field.options].some((option) => option.value === zone);
  proposal.hidden = !isKnown || field.value !== "" || zone === proposal.dataset.installed;
}

if (proposal && field) {
  proposal.querySelector("strong").textContent = zone;
  proposal.querySelector("button").addEventListener("click", () => {
    field.value = zone;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    showProposal();
    field.focus();
  });
  field.addEventListener("input", showProposal);
  showProposal();
}
