// Prints the attributes of the semantic conventions as JSON: name, deprecated or not, known values
const fs = require("fs");
const path = require("path");

// Not by require(): the comments say what is deprecated.
const directory = path.join(process.env.NODE_PATH, "@opentelemetry/semantic-conventions/dist");
const attributes = {};
const values = {};

for (const file of ["stable_attributes.cjs", "experimental_attributes.cjs"]) {
	const source = fs.readFileSync(path.join(directory, file), "utf8");

	for (const [, comment, kind, name, value] of source.matchAll(
		/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*(?:export )?const (ATTR_)?([A-Z0-9_]+) = "([^"]*)"/g)) {
		if (kind)
			attributes[name] = { name: value, deprecated: comment.includes("@deprecated") };
		else
			values[name] = value;
	}
}
for (const [key, attribute] of Object.entries(attributes))
	attribute.values = Object.entries(values).filter(([name]) => name.startsWith(`${key}_VALUE_`)).map(([, value]) => value);
console.log(JSON.stringify(Object.values(attributes)));
