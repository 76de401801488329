// Decodes OTLP/JSON lines with the protocol's own definitions, strictly, and prints them once more
const path = require("path");
const fs = require("fs");
const assert = require("assert");

// Not among what the package exports.
const root = require(path.join(process.env.NODE_PATH, "@opentelemetry/otlp-transformer/build/src/generated/root.js"));
const { TracesData } = root.opentelemetry.proto.trace.v1;

const IDS = { traceId: 16, spanId: 8, parentSpanId: 8 };

// OTLP/JSON has ids in hexadecimal, where JSON of protobuf has base64.
function convert(value, from, to) {
	if (Array.isArray(value))
		return value.map((item) => convert(item, from, to));
	if (value === null || typeof value !== "object")
		return value;
	return Object.fromEntries(Object.entries(value).map(([key, item]) => {
		if (!(key in IDS))
			return [key, convert(item, from, to)];
		const bytes = Buffer.from(item, from);

		assert.equal(bytes.length, IDS[key], `${key} is ${item}`);
		assert(bytes.some((byte) => byte), `${key} is all zeros`);
		return [key, bytes.toString(to)];
	}));
}

for (const line of fs.readFileSync(0, "utf8").split("\n").slice(0, -1)) {
	const given = JSON.parse(line);
	const message = TracesData.fromObject(convert(given, "hex", "base64"));

	assert.equal(TracesData.verify(message), null);
	const decoded = TracesData.decode(TracesData.encode(message).finish());
	const again = convert(TracesData.toObject(decoded, { longs: String, bytes: String }), "base64", "hex");

	// What the definitions do not know, or know as another type, would be gone or changed.
	assert.deepStrictEqual(again, given);
	console.log(JSON.stringify(again));
}
