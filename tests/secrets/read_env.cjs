// Reads env files as node's dotenv does: paths on standard input, a JSON object a line.
const fs = require("node:fs");
const { parse } = require("dotenv");

for (const path of fs.readFileSync(0, "utf8").split("\0")) {
  if (path) console.log(JSON.stringify(parse(fs.readFileSync(path))));
}
