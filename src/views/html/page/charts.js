// Sums over the run: causes, how long waits and file operations took, and who had most of them

function causesOf(runs) {
	const rows = [];
	for (const kind of Object.keys(KINDS)) {
		const totals = new Map();
		for (const run of runs)
			for (const [cause, of] of Object.entries(obj(obj(obj(run.report.totals)[kind]).by_cause)))
				totals.set(cause, (totals.get(cause) || 0) + (num(obj(of).total_ns) || 0));
		const parts = [...totals].map(([cause, ns]) => ({cause, ns})).filter((part) => part.ns > 0).sort((a, b) => b.ns - a.ns);
		if (parts.length)
			rows.push({kind, parts, ns: sum(parts, (part) => part.ns)});
	}
	return rows;
}

// reasons: what the verdict says, where the top of the page does not
function causesSection(runs, reasons) {
	const rows = causesOf(runs);
	return el("section", {id: "causes", hidden: !rows.length && !reasons.length}, el("h2", {}, "Causes"),
		reasons.length ? el("ul", {}, reasons.map((reason) => el("li", {}, visible(reason, 500)))) : "", rows.map(({kind, parts, ns}) =>
		el("div", {class: "causes"}, el("h3", {}, KINDS[kind] + " stalls, " + duration(ns)), causeBar(parts, ns),
			el("ul", {class: "legend"}, parts.filter((part) => part.ns >= ns / 200).map((part) => el("li", {},
				el("span", {class: "swatch " + causeClass(part.cause)}), " ", duration(part.ns) + " " + causeText(part.cause) +
				" (" + Math.round(100 * part.ns / ns) + " %)"))))));
}

// -- Histograms ---------------------------------------------------------------------------------

function histogramOf(pairs) {
	const buckets = new Map();
	for (const pair of Array.isArray(pairs) ? pairs : []) {
		if (!Array.isArray(pair) || num(pair[0]) === null || !num(pair[1]))
			continue;
		const bucket = pair[0] >= 1 ? Math.floor(Math.log2(pair[0])) : 0;
		buckets.set(bucket, (buckets.get(bucket) || 0) + pair[1]);
	}
	return buckets;
}

// As a table: a bar for each power of two, their lengths on a logarithmic scale, as there may be
// millions of short waits and one that matters.
function histogram(title, pairs, threshold) {
	const buckets = histogramOf(pairs);
	if (!buckets.size)
		return "";
	const low = Math.min(...buckets.keys()), high = Math.min(Math.max(...buckets.keys()), low + 63);
	const most = Math.log2(1 + Math.max(...buckets.values()));
	const rows = [];
	for (let bucket = low; bucket <= high; bucket++) {
		const n = buckets.get(bucket) || 0, bar = el("span", {class: "column"}), from = bucket ? 2 ** bucket : 0;
		bar.style.width = 100 * Math.log2(1 + n) / most + "%";
		rows.push(el("tr", {class: threshold !== null && 2 ** (bucket + 1) > threshold ? "over" : null},
			el("th", {scope: "row"}, duration(from) + " to " + duration(2 ** (bucket + 1))),
			el("td", {class: "number"}, n ? count(n) : ""), el("td", {class: "columns"}, bar)));
	}
	return el("div", {class: "histogram scroll"}, el("table", {},
		el("caption", {}, title, threshold === null ? "" : ", stalls from " + duration(threshold) + " on"), el("tbody", {}, rows)));
}

function distributionSection(run) {
	const {totals, thresholds} = run.report, cpu = obj(obj(totals).cpu), io = obj(obj(totals).io);
	const parts = [
		histogram("Waits for a CPU", obj(cpu.waits).histogram, num(obj(thresholds).cpu_ns)),
		histogram("File operations", obj(io.operations).histogram, num(obj(thresholds).io_ns)),
	].filter(Boolean);
	return el("section", {id: "distribution", hidden: !parts.length}, el("h2", {}, "How long it took"),
		el("p", {class: "help"}, "Everything that was measured, not only stalls. The bars are logarithmic."), el("div", {class: "pair"}, parts));
}

// -- Who ----------------------------------------------------------------------------------------

function ranking(id, caption, rows, columns) {
	if (!rows.length)
		return "";
	const table = new Table({id, caption, columns, sort: columns.length - 1, atFirst: 10, empty: ""});
	table.set(rows);
	return el("details", {open: rows.length <= 12}, el("summary", {}, caption + " (" + count(rows.length) + ")"), table.element);
}

function rankingsSection(run) {
	const of = (name) => arr(run.report[name]);
	const time = (label, value) => ({label, number: true, value: (row) => num(value(row)) || 0, cell: (row) => duration(num(value(row)) || 0)});
	const number = (label, key) => ({label, number: true, value: (row) => num(row[key]) || 0, cell: (row) => count(num(row[key]) || 0)});
	const name = (label, key) => ({label, value: (row) => str(row[key]) || "?", cell: (row) => code(str(row[key]) || "?", 100)});
	const parts = [
		ranking("command-table", "Commands by their waits for a CPU", of("commands"), [name("Command", "comm"), number("Processes", "processes"),
			time("In all", (row) => obj(row.waits).total_ns), time("Longest", (row) => obj(row.waits).max_ns)]),
		ranking("file-table", "Files", of("files"), [name("File", "path"), number("Reads", "reads"), number("Writes", "writes"),
			number("Syncs", "syncs"), time("In all", (row) => row.total_ns), time("Longest", (row) => row.max_ns)]),
		ranking("operation-table", "File operations", of("operations"), [name("Operation", "operation"), number("Count", "count"),
			number("Errors", "errors"), time("In all", (row) => row.total_ns), time("Longest", (row) => row.max_ns)]),
		ranking("process-table", "Processes", of("processes"), [name("Process", "comm"), number("PID", "pid"), number("Stalls", "stalls"),
			time("Waits", (row) => obj(row.cpu).total_ns), time("Longest wait", (row) => obj(row.cpu).max_ns)]),
	].filter(Boolean);
	return el("section", {id: "rankings", hidden: !parts.length}, el("h2", {}, "Who waited, and for what"), parts);
}
