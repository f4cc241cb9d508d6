/**
 * Makes the columns of `table[data-sortable]` sortable and, where `data-filter` asks for it, its rows searchable. It adds its
 * controls itself: a page without it shows none that do nothing. Rows are compared by `data-sort` where a cell has it.
 */
export const tableScript = `
"use strict";
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const said = document.createElement("p");
  said.className = "hidden";
  said.setAttribute("role", "status");
  table.parentElement.before(said);
  const order = new Intl.Collator("en", { numeric: true });
  const keyOf = (cell) => {
    const text = cell.dataset.sort ?? cell.textContent;
    const number = text === "" ? NaN : Number(text);
    return { text, number: Number.isNaN(number) ? undefined : number };
  };
  const compare = (a, b) => {
    if (a.text === "" || b.text === "") return (a.text === "") - (b.text === "");
    if (a.number !== undefined && b.number !== undefined) return a.number - b.number;
    return order.compare(a.text, b.text);
  };
  heads.forEach((head, index) => {
    if (head.hasAttribute("data-unsorted")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row) => ({ row, key: keyOf(row.cells[index]) }));
      const empty = (key) => key.text === "";
      rows.sort((a, b) => {
        const way = compare(a.key, b.key);
        return down && !empty(a.key) && !empty(b.key) ? -way : way;
      });
      body.append(...rows.map(({ row }) => row));
      said.textContent = "sorted by " + button.textContent + ", " + (down ? "descending" : "ascending");
    });
  });
  if (!table.hasAttribute("data-filter")) continue;
  const tools = document.createElement("div");
  tools.className = "tools";
  const label = document.createElement("label");
  label.textContent = table.dataset.filter + " ";
  const input = document.createElement("input");
  input.type = "search";
  label.append(input);
  const count = document.createElement("span");
  count.setAttribute("role", "status");
  count.className = "dim";
  tools.append(label, count);
  table.parentElement.before(tools);
  let texts;
  const filter = () => {
    texts ??= new Map([...body.rows].map((row) => [row, row.textContent.toLowerCase()]));
    const wanted = input.value.toLowerCase().split(/\\s+/).filter((word) => word !== "");
    let left = 0;
    for (const [row, text] of texts) {
      const fits = wanted.every((word) => text.includes(word));
      if (fits) left += 1;
      if (row.hidden === fits) row.hidden = !fits;
    }
    count.textContent = wanted.length === 0 ? "" : left + " of " + texts.size;
  };
  let waiting;
  input.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(filter);
  });
}
`;
