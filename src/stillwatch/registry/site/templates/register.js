"use strict";
// The page is whole without this. It adds the search, which asks nobody: the names are in the page.
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const box = document.querySelector("#search");
if (box) {
  const rows = [...document.querySelectorAll("tr[data-text]")].map((row) => [row, fold(row.dataset.text)]);
  const said = document.querySelector("output");
  box.closest("p").hidden = false;
  box.addEventListener("input", () => {
    const words = fold(box.value).split(/\s+/).filter(Boolean);
    let found = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      found += row.hidden ? 0 : 1;
    }
    said.textContent = words.length ? `${found} of ${rows.length} entries` : "";
  });
}
