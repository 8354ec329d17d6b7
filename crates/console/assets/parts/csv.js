// Reads the beginning of a CSV file before it is sent, only for a preview. The service reads the file itself.

/** The first rows of a text. @param {string} text @param {number} most @returns {{ rows: string[][], separator: string }} */
export function firstRows(text, most) {
  const separator = guess(text.split(/\r?\n/, 1)[0] ?? "");
  /** @type {string[][]} */
  const rows = [];
  let row = [""];
  let quoted = false;
  for (let at = 0; at < text.length && rows.length < most; at += 1) {
    const c = text[at];
    if (quoted) {
      if (c !== '"') row[row.length - 1] += c;
      else if (text[at + 1] === '"') { row[row.length - 1] += c; at += 1; } else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === separator) row.push("");
    else if (c === "\n") { rows.push(row); row = [""]; } else if (c !== "\r") row[row.length - 1] += c;
  }
  if (row.length > 1 && rows.length < most) rows.push(row);
  return { rows, separator };
}

/** @param {string} line */
function guess(line) {
  const of = (/** @type {string} */ sign) => line.split(sign).length;
  return [",", ";", "\t", "|"].reduce((best, sign) => (of(sign) > of(best) ? sign : best));
}

/** Writes a row as a line. @param {(string | null | undefined)[]} cells */
export const line = (cells) => cells.map((cell) => (/[",\n\r;]/.test(cell ?? "") ? `"${String(cell).replaceAll('"', '""')}"` : cell ?? "")).join(",");
