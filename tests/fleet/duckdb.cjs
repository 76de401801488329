// Runs SQL files on a DuckDB database and prints the rows of each as JSON: duckdb.cjs DATABASE GLOB FILE...
const fs = require("fs");
const { DuckDBInstance } = require("@duckdb/node-api");

async function main([database, reports, ...files]) {
	const instance = await DuckDBInstance.create(database);
	const connection = await instance.connect();
	const results = {};

	await connection.run("SET VARIABLE reports = '" + reports.replaceAll("'", "''") + "'");
	for (const file of files) {
		const reader = await connection.runAndReadAll(fs.readFileSync(file, "utf8"));

		results[file] = { columns: reader.columnNames(), rows: reader.getRowsJson() };
	}
	connection.closeSync();
	instance.closeSync();
	console.log(JSON.stringify(results));
}

main(process.argv.slice(2)).catch((error) => {
	console.error(String(error.message ?? error));
	process.exit(1);
});
