"use strict";
// The page is whole without this. It adds sorting and filtering to the tables of members, and opens everything for printing.
const value = (row, column, numeric) => {
  const text = row.cells[column].textContent.trim();
  return numeric ? Number.parseFloat(text.replace(/[,<>]/g, "").replace("\u2212", "-")) || 0 : text;
};

function sort(table, column, numeric) {
  const head = table.tHead.rows[0].cells[column];
  const up = head.getAttribute("aria-sort") === (numeric ? "descending" : "ascending") ? !numeric : numeric;
  for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].sort((a, b) => {
    const [x, y] = [value(a, column, numeric), value(b, column, numeric)];
    const order = numeric ? x - y : x.localeCompare(y, "en");
    return up ? -order : order;
  });
  table.tBodies[0].append(...rows);
}

for (const table of document.querySelectorAll("table[data-table]")) {
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...cell.childNodes);
    button.addEventListener("click", () => sort(table, column, cell.classList.contains("n")));
    cell.append(button);
  });
  const label = document.createElement("label");
  label.className = "quiet";
  const input = document.createElement("input");
  input.type = "search";
  label.append("Show accounts with ", input);
  table.parentElement.before(label);
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    for (const row of table.tBodies[0].rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
  });
}

addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
