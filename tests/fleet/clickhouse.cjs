// Runs SQL files on a ClickHouse of this process and prints the rows of each as JSON: clickhouse.cjs DIRECTORY FILE...
const fs = require("fs");
const { Session } = require("chdb");

const [directory, ...files] = process.argv.slice(2);
const session = new Session(directory);
const results = {};

try {
	for (const file of files) {
		// One statement at a time: all of ours end with a semicolon at the end of a line.
		for (const statement of fs.readFileSync(file, "utf8").split(/;\s*\n/)) {
			if (!statement.replace(/--.*/g, "").trim())
				continue;
			const answer = session.query(statement, "JSONCompact");

			if (answer) {
				const parsed = JSON.parse(answer);

				results[file] = { columns: parsed.meta.map((column) => column.name), rows: parsed.data };
			}
		}
	}
	console.log(JSON.stringify(results));
} catch (error) {
	console.error(String(error.message ?? error));
	process.exitCode = 1;
} finally {
	session.cleanup();
}
