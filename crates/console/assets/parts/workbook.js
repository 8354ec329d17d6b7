// Reads the beginning of a file before it is sent: the first rows of a text, a compressed text or a workbook.
// This is only a preview: the service reads the file itself, and far more strictly.
import { firstRows } from "./csv.js";

/** The number of rows that are read. */
const ROWS = 46;
/** The most bytes of a text that are inflated. */
const TEXT = 256 * 1024;
/** The most bytes of a workbook's shared strings that are read. */
const SHARED = 4 * 1024 * 1024;
/** The number of sheets that are read. */
const SHEETS = 20;
/** The largest directory of a zip that is read; real workbooks have smaller ones. */
const DIRECTORY = 4 * 1024 * 1024;

/** @typedef {{ name: string, rows: string[][] }} Sheet */
/** @typedef {{ sheets: Sheet[], note?: string }} Looked */

/** Inflates the beginning of a compressed stream. @param {Blob} blob @param {CompressionFormat} format @param {number} most */
async function unpacked(blob, format, most) {
  const reader = blob.stream().pipeThrough(new DecompressionStream(format)).getReader();
  const parts = [];
  let size = 0;
  try {
    while (size < most) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      size += value.length;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
  return new Blob(parts).slice(0, most).text();
}

/** The entries of a zip by name: the position of their bytes, and whether they are compressed. @param {File} file */
async function entries(file) {
  const tail = new DataView(await file.slice(Math.max(0, file.size - 65_557)).arrayBuffer());
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw new Error("This is no workbook: it has no directory of a zip file.");
  const size = tail.getUint32(end + 12, true);
  const from = tail.getUint32(end + 16, true);
  if (size > DIRECTORY) throw new Error("The workbook's directory is too large to be looked at here.");
  const bytes = await file.slice(from, from + size).arrayBuffer();
  const view = new DataView(bytes);
  /** @type {Map<string, { at: number, size: number, isPacked: boolean }>} */
  const found = new Map();
  for (let at = 0; at + 46 <= view.byteLength && view.getUint32(at, true) === 0x02014b50;) {
    const [name, extra, comment] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true)];
    found.set(new TextDecoder().decode(new Uint8Array(bytes, at + 46, name)), { at: view.getUint32(at + 42, true), size: view.getUint32(at + 20, true), isPacked: view.getUint16(at + 10, true) === 8 });
    at += 46 + name + extra + comment;
  }
  return found;
}

/** The beginning of one file of the zip. @param {File} file @param {Awaited<ReturnType<typeof entries>>} all @param {string} name @param {number} most */
async function part(file, all, name, most) {
  const entry = all.get(name);
  if (!entry) return "";
  const head = new DataView(await file.slice(entry.at, entry.at + 30).arrayBuffer());
  const from = entry.at + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const bytes = file.slice(from, from + entry.size);
  return entry.isPacked ? unpacked(bytes, "deflate-raw", most) : bytes.slice(0, most).text();
}

const ENTITIES = /** @type {Record<string, string>} */ ({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" });
const plain = (/** @type {string} */ text) => text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, number, name) => (name ? ENTITIES[name] ?? whole : String.fromCodePoint(Math.min(0x10ffff, parseInt(hex ?? number, hex ? 16 : 10)))));
/** The elements with this name in order: the tag and its content. An element that the text does
 * not close ends the list. (A regular expression would search for each end from the beginning.)
 * @param {string} xml @param {string} name @param {number} [most] */
function elements(xml, name, most = Infinity) {
  /** @type {{ tag: string, inside: string }[]} */
  const found = [];
  for (let at = xml.indexOf(`<${name}`); at >= 0 && found.length < most; at = xml.indexOf(`<${name}`, at)) {
    const end = xml.indexOf(">", at);
    if (end < 0) break;
    const tag = xml.slice(at, end + 1);
    at = end + 1;
    if (!/[\s/>]/.test(tag[name.length + 1])) continue;
    if (tag.endsWith("/>")) {
      found.push({ tag, inside: "" });
      continue;
    }
    const close = xml.indexOf(`</${name}>`, end);
    if (close < 0) break;
    found.push({ tag, inside: xml.slice(end + 1, close) });
    at = close;
  }
  return found;
}

/** The joined text content: a cell may contain several styles. @param {string} xml */
const texts = (xml) => elements(xml, "t").map(({ inside }) => plain(inside)).join("");
const attribute = (/** @type {string} */ tag, /** @type {string} */ name) => plain(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? "");

/** The index of a column: `A` is 0, `AB` is 27. @param {string} cell */
const columnOf = (cell) => [.../^[A-Z]*/.exec(cell)?.[0] ?? ""].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
/** The most columns that are shown. */
const COLUMNS = 200;

/** @param {string} xml @param {string[]} shared */
function rowsOf(xml, shared) {
  return elements(xml, "row", ROWS).map(({ inside }) => {
    /** @type {string[]} */
    const row = [];
    for (const { tag, inside: content } of elements(inside, "c", COLUMNS)) {
      const at = Math.max(row.length, columnOf(attribute(tag, "r")));
      if (at >= COLUMNS) break;
      const kind = attribute(tag, "t");
      const value = elements(content, "v", 1)[0]?.inside ?? "";
      while (row.length < at) row.push("");
      row.push(kind === "s" ? shared[Number(value)] ?? "" : kind === "inlineStr" ? texts(content) : plain(value));
    }
    return row;
  }).filter((row) => row.some((cell) => cell.trim()));
}

/** @param {File} file @returns {Promise<Looked>} */
async function workbook(file) {
  const all = await entries(file);
  const names = await part(file, all, "xl/workbook.xml", TEXT);
  const relations = new Map(elements(await part(file, all, "xl/_rels/workbook.xml.rels", TEXT), "Relationship").map(({ tag }) => [attribute(tag, "Id"), attribute(tag, "Target")]));
  const shared = elements(await part(file, all, "xl/sharedStrings.xml", SHARED), "si").map(({ inside }) => texts(inside));
  const sheets = [];
  for (const { tag } of elements(names, "sheet", SHEETS)) {
    const target = relations.get(attribute(tag, "r:id")) ?? "";
    const path = target.startsWith("/") ? target.slice(1) : `xl/${target}`;
    sheets.push({ name: attribute(tag, "name"), rows: rowsOf(await part(file, all, path, TEXT), shared) });
  }
  if (!sheets.length) throw new Error("No sheet was found in the workbook.");
  return { sheets, note: "Cells are shown as the workbook keeps them: a date is a number of days, a percentage a fraction. The service reads what is shown." };
}

/** The first rows of a file. @param {File} file @returns {Promise<Looked>} */
export async function lookInto(file) {
  if (/\.xls[xm]$/i.test(file.name)) return workbook(file);
  const text = /\.gz$/i.test(file.name) ? await unpacked(file, "gzip", TEXT) : await textOf(file);
  return { sheets: [{ name: "", rows: firstRows(text, ROWS).rows.filter((row) => row.some((cell) => cell.trim())) }] };
}

/** Decodes UTF-8, UTF-16 with a byte order mark, or Windows-1252. @param {File} file */
async function textOf(file) {
  const bytes = new Uint8Array(await file.slice(0, TEXT).arrayBuffer());
  const mark = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  // The last character may be incomplete, which decoding as a stream accepts.
  try {
    return new TextDecoder(mark, { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
