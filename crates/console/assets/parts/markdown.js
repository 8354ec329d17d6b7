// Shows the Markdown of a model's card: headings, paragraphs, lists, tables, code. It creates
// elements and never HTML text, so that the content of a card is shown and not executed.
import { html } from "./html.js";

/** @param {string} text */
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*|\[[^\]]+\]\([^)]+\))/).map((part, at) => {
    if (part.startsWith("`")) return html`<code key=${at}>${part.slice(1, -1)}</code>`;
    if (part.startsWith("**")) return html`<strong key=${at}>${part.slice(2, -2)}</strong>`;
    if (/^\*[^*]+\*$/.test(part)) return html`<em key=${at}>${part.slice(1, -1)}</em>`;
    const link = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part);
    if (link) return /^https:/.test(link[2]) ? html`<a key=${at} href=${link[2]} rel="noopener noreferrer" target="_blank">${link[1]}</a>` : link[1];
    return part;
  });
}

const cells = (/** @type {string} */ row) => row.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

/** @param {{ text: string }} props */
export function Markdown({ text }) {
  const blocks = text.replace(/\r/g, "").split(/\n{2,}/);
  return html`<div class="markdown">${blocks.map((block, at) => {
    const heading = /^(#{1,4}) (.+)/.exec(block);
    if (heading) return html`<h3 key=${at}>${inline(heading[2])}</h3>${block.includes("\n") && html`<p>${inline(block.slice(block.indexOf("\n") + 1))}</p>`}`;
    const lines = block.split("\n");
    if (lines.length > 2 && lines[0].startsWith("|") && /^\|[-:| ]+\|$/.test(lines[1].trim())) {
      return html`<div key=${at} class="table-wrap" tabindex="0" role="region" aria-label=${`Table ${at}`}><table><thead><tr>${cells(lines[0]).map((cell, of) => html`<th key=${of} scope="col">${cell ? inline(cell) : html`<span class="sr-only">Row</span>`}</th>`)}</tr></thead>
        <tbody>${lines.slice(2).map((line, row) => html`<tr key=${row}>${cells(line).map((cell, of) => html`<td key=${of}>${inline(cell)}</td>`)}</tr>`)}</tbody></table></div>`;
    }
    if (/^[-*] /.test(block)) return html`<ul key=${at}>${block.split(/\n(?=[-*] )/).map((item, of) => html`<li key=${of}>${inline(item.slice(2).replace(/\n\s*/g, " "))}</li>`)}</ul>`;
    return html`<p key=${at}>${inline(block.replace(/\n/g, " "))}</p>`;
  })}</div>`;
}
