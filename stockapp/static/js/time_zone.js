// Time zone: propose the browser's to an account without one. The person chooses and saves it.

const proposal = document.getElementById("zone-proposal");
const field = document.querySelector("select[name=time_zone]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

// Zones have older names, and browsers differ in which they report.
function isSame(name) {
  try {
    return Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone === zone;
  } catch {
    return false;
  }
}

function showProposal() {
  const isKnown = [...field.options].some((option) => option.value === zone);
  proposal.hidden = !isKnown || field.value !== "" || isSame(proposal.dataset.installed);
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
