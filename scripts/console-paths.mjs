// Every path and query parameter that the console's modules ask the API for is in its document.
import fs from "node:fs";
import path from "node:path";

const [document, folder] = process.argv.slice(2);
const { paths } = JSON.parse(fs.readFileSync(document, "utf8"));
const known = Object.keys(paths).map((one) => new RegExp(`^${one.replace(/^\/api\/v1/, "").replace(/\{[^}]+\}/g, "[^/]+")}$`));
const files = fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".js") && !name.startsWith("vendor"));
let asked = 0;
let failed = 0;
for (const name of files) {
  const text = fs.readFileSync(path.join(folder, name), "utf8");
  // `get("/companies", …)`, `post(`/bulk-uploads/${id}/retry`)`, `request("GET", "/me/export")`.
  const calls = /\b(?:get|getVersioned|post|put|patch|remove|download|streamUrl)\((?:"([^"]+)"|`((?:[^`$]|\$\{[^}]*\})+)`)|request\("[A-Z]+", (?:"([^"]+)"|`((?:[^`$]|\$\{[^}]*\})+)`)/g;
  for (const [, ...found] of text.matchAll(calls)) {
    const literal = found.find(Boolean);
    if (!literal.startsWith("/")) continue;
    asked += 1;
    const plain = literal.replace(/\$\{[^}]*\}/g, "annual");
    if (!known.some((one) => one.test(plain))) {
      console.error(`error: ${name} asks for ${literal}, which the API does not have`);
      failed += 1;
    }
  }
}
if (asked < 50) {
  console.error(`error: only ${asked} requests were found`);
  failed += 1;
}
process.exit(failed ? 1 : 0);
