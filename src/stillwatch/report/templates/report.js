"use strict";
// The page is whole without this: it adds filtering and sorting to tables of members, and opens everything for printing.
for (const table of document.querySelectorAll("table[data-table]")) {
  const body = table.tBodies[0];
  const label = document.createElement("label");
  label.className = "quiet";
  label.textContent = "Show only accounts with ";
  const input = document.createElement("input");
  input.type = "search";
  label.append(input);
  table.parentElement.before(label);
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    for (const row of body.rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
  });
}
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
