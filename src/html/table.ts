import { Html, type HtmlValue, html, shown } from "./markup.js";

/** One column. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => HtmlValue;
  /** What rows are ordered by where that is not the cell's text: a number of seconds for a time, say; undefined comes last. */
  readonly sort?: (row: Row) => string | number | undefined;
  /** `number`: set to the right. `row`: what the row is about, which screen readers say with each cell. */
  readonly kind?: "text" | "number" | "row";
}

/** A table. `id`: unique within the page. */
export interface Table<Row> {
  readonly id: string;
  /** What the rows are; read out as the table's name. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Said instead of a table without rows. */
  readonly empty: string;
  /** Present: rows can be searched; the label of the field. */
  readonly filter?: string;
  /** By which column the rows are ordered already, from 0. */
  readonly sortedBy?: { readonly column: number; readonly order: "ascending" | "descending" };
}

/** A table that scrolls by itself on narrow screens. Made for ten thousand rows: one pass, one string. */
export function renderTable<Row>(table: Table<Row>): Html {
  const { id, caption, columns, rows, empty, filter, sortedBy } = table;
  if (rows.length === 0) return html`<p class="dim">${empty}</p>`;
  const heads = columns.map(({ title, kind }, index) => {
    const sorted = sortedBy?.column === index && html` aria-sort="${sortedBy.order}"`;
    return html`<th scope="col"${kind === "number" && html` class="number"`}${sorted}>${title}</th>`;
  });
  let body = "";
  for (const row of rows) {
    body += "<tr>";
    for (const column of columns) body += renderCell(column, row);
    body += "</tr>\n";
  }
  // Whoever scrolls by keyboard must be able to get there.
  return html`<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}-caption">
<table id="${id}" data-sortable${filter !== undefined && html` data-filter="${filter}"`}>
<caption id="${id}-caption"><span>${caption}</span></caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${Html.trusted(body)}</tbody>
</table>
</div>
`;
}

function renderCell<Row>({ cell, sort, kind }: Column<Row>, row: Row): string {
  const key = sort === undefined ? "" : ` data-sort="${shown(sort(row))}"`;
  const content = shown(cell(row));
  if (kind === "row") return `<th scope="row"${key}>${content}</th>`;
  return `<td${kind === "number" ? ' class="number"' : ""}${key}>${content}</td>`;
}
