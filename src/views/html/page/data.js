// The reports out of the page, as objects with what the other parts need, made safe and complete

// What the program calls the kinds of stalls, their causes, in the order of legends, the fields of a stall, the answers for a
// failed test and the parts of an account. Every other cause or part that a report may name is "other".
let KINDS = {}, causes = {}, details = {}, ANSWERS = {}, PARTS = {};

// Their colours: --PREFIX-NAME on the page and .PREFIX-NAME for bars, light and dark.
function addColors(catalog, prefix) {
	const sheet = document.styleSheets[0];
	const all = (shade) => ":root{" + Object.entries(catalog).map(([name, of]) => "--" + prefix + name + ":" + of[shade]).join(";") + "}";
	sheet.insertRule(all("light"), sheet.cssRules.length);
	sheet.insertRule("@media (prefers-color-scheme: dark){" + all("dark") + "}", sheet.cssRules.length);
	for (const name of Object.keys(catalog))
		sheet.insertRule("." + prefix + name + "{background:var(--" + prefix + name + ")}", sheet.cssRules.length);
}

async function unpack() {
	const packed = atob(document.getElementById("data").textContent);
	const bytes = Uint8Array.from(packed, (char) => char.charCodeAt(0));
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
	return new Response(stream).json();
}

function causeClass(cause) {
	return own(causes, cause) ? "c-" + cause : "c-other";
}

function causeText(cause) {
	return own(causes, cause) ? causes[cause].words : visible(cause, 60);
}

// [{cause, ns}], the largest first, of an object {cause_ns: ns}
function partsOf(shares) {
	return Object.entries(obj(shares))
		.map(([key, value]) => ({cause: key.replace(/_ns$/, ""), ns: num(value) || 0}))
		.filter((part) => part.ns > 0)
		.sort((a, b) => b.ns - a.ns);
}

// -- Stalls ---------------------------------------------------------------------------------------

// watched: null for the run itself, else the name of what --also watched beside it
function readStall(run, row, words, index, watched = null) {
	const start = num(row.start_ns) || 0, length = num(row.duration_ns) || 0;
	const parts = partsOf(row.shares), cause = str(row.cause) || (parts.length ? parts[0].cause : null);
	const stall = {
		run, row, index, watched, start, length, end: start + length, parts, cause,
		kind: str(row.kind) || "?",
		who: str(words.who) || "",
		what: str(words.what) || "",
		why: Array.isArray(words.why) ? words.why : [],
		span: str(row.span),
		spanId: row.span_id === undefined ? null : row.span_id,
	};
	stall.because = cause ? causeText(cause) : "not determined";
	stall.text = [watched, stall.who, stall.what, stall.because, stall.span, str(row.command), str(row.path), str(row.exe),
		...stall.why.map((part) => part[1])].join("\n").toLowerCase();
	return stall;
}

// A path below the directory of the run without that.
function shortPath(path, directory) {
	return path && directory && directory.length > 1 && path.startsWith(directory + "/") ? path.slice(directory.length + 1) : path;
}

// -- Spans ----------------------------------------------------------------------------------------

// The parts of an account that took time, the largest first: [{part, ns}]
function readParts(account) {
	return Object.keys(PARTS).map((part) => ({part, ns: num(account[part + "_ns"]) || 0}))
		.filter((of) => of.ns > 0).sort((a, b) => b.ns - a.ns);
}

function partClass(part) {
	return own(PARTS, part) ? "p-" + part : "c-other";
}

// "slept 360ms in recvfrom until a program outside the run answered"
function partText(part, ns, call) {
	const of = own(PARTS, part);
	return of ? of.verb + " " + duration(ns) + (call ? " in " + visible(call, 40) : "") + " " + of.words : "spent " + duration(ns) + " (" + visible(part, 30) + ")";
}

function readSpan(run, row, index) {
	const timed = num(row.start_ns) !== null, start = num(row.start_ns) || 0, end = timed ? num(row.end_ns) : 0;
	return {
		run, row, index, timed, start,
		id: row.id === undefined ? null : row.id,
		parent: row.parent === undefined ? null : row.parent,
		end: Math.max(end === null ? run.end : end, start),
		finished: end !== null,
		name: str(row.name) || "?",
		outcome: str(row.outcome),
		answer: str(row.answer),
		evidence: str(row.evidence),
		lost: num(row.lost_ns),
		parts: readParts(obj(row.account)),
		shares: arr(obj(row.account).shares),
		path: arr(obj(row.account).path),
		length: num(row.duration_ns) || (timed ? Math.max((end === null ? run.end : end) - start, 0) : num(row.duration_ns)),
		stalled: num(row.stalled_ns) || 0,
		longest: num(row.max_stall_ns) || 0,
		cpuTime: num(row.cpu_time_ns),
		stalls: sum(Object.keys(KINDS), (kind) => num(obj(row.stalls)[kind]) || 0),
		cause: str(row.cause),
		culprit: str(row.culprit) || str(obj(row.culprit).comm),
		file: shortPath(str(row.file), str(obj(run.report.run).cwd)),
		line: num(row.line),
		attempt: num(row.attempt),
		worker: str(row.worker),
	};
}

// The order of answers in tables
const ANSWER_ORDER = ["machine", "crowded", "waited", "unmeasured", "interrupted", "code"];

// A test is a span with an outcome, or an answer, none of whose children has an outcome.
function findTests(spans) {
	const parents = new Set(spans.filter((span) => span.outcome !== null).map((span) => span.parent));
	parents.delete(null);
	const tests = spans.filter((span) => (span.outcome !== null || span.answer !== null) && !parents.has(span.id));
	for (const test of tests) {
		test.failed = test.outcome === "failed" || test.outcome === "error" || test.answer !== null;
		if (test.failed && !own(ANSWERS, test.answer || ""))
			test.answer = "unmeasured";
		test.spoiled = test.answer === "machine";
		test.rank = test.failed ? ANSWER_ORDER.length - ANSWER_ORDER.indexOf(test.answer) : 0;
	}
	return tests.sort((a, b) => b.rank - a.rank || b.stalled - a.stalled || a.index - b.index);
}

// -- Runs -----------------------------------------------------------------------------------------

function readTotals(report) {
	const totals = {count: 0, ns: 0, longest: 0};
	for (const kind of Object.keys(KINDS)) {
		const of = obj(obj(report.totals)[kind]);
		totals.count += num(of.count) || 0;
		totals.ns += num(of.total_ns) || 0;
		totals.longest = Math.max(totals.longest, num(of.max_ns) || 0);
	}
	return totals;
}

// How many tests there are in all and how the failed ones are answered: the verdict has counted
// them, also those that have no row.
function countTests(run) {
	const counts = obj(obj(run.report.verdict).tests), failed = run.tests.filter((test) => test.failed);
	const of = (name, others) => num(counts[name]) === null ? others : counts[name];
	const counted = {all: of("count", run.tests.length), passed: of("passed", run.tests.filter((test) => test.outcome === "passed").length)};
	for (const answer of ANSWER_ORDER)
		counted[answer] = of(answer, failed.filter((test) => test.answer === answer).length);
	return counted;
}

// Watched cgroups, each once
function watchedNames(runs) {
	return [...new Set(runs.flatMap((run) => run.stalls.map((stall) => stall.watched)))].filter((name) => name !== null).sort();
}

function watchedName(watched) {
	return str(watched.name) || str(watched.cgroup) || "?";
}

function readAlso(run, words) {
	const lists = Array.isArray(run.report.watched) ? run.report.watched : [];
	return lists.flatMap((watched, i) => {
		const stalls = Array.isArray(obj(watched).stalls) ? watched.stalls : [], of = Array.isArray(words) && Array.isArray(words[i]) ? words[i] : [];
		return stalls.map((row, k) => readStall(run, obj(row), obj(of[k]), k, watchedName(obj(watched))));
	});
}

function readRun(entry, index) {
	const report = obj(entry.report), words = arr(entry.words);
	const run = {
		index, report,
		name: str(entry.name) || "?",
		label: str(entry.label) || "?",
		cut: obj(entry.cut),
		shortened: entry.shortened === true,
		reasons: (Array.isArray(entry.reasons) ? entry.reasons : []).filter(str),
		verdict: ["clean", "stalled", "unmeasured"].find((word) => word === obj(report.verdict).status) || "unmeasured",
		totals: readTotals(report),
	};
	const stalls = Array.isArray(report.stalls) ? report.stalls : [];
	const spans = Array.isArray(report.spans) ? report.spans : [];
	run.samples = arr(obj(report.timeline).samples).filter((sample) => num(sample.at_ns) !== null)
		.sort((a, b) => a.at_ns - b.at_ns);
	run.end = Math.max(num(obj(report.run).duration_ns) || 0, 1);
	run.stalls = stalls.map((row, i) => readStall(run, obj(row), obj(words[i]), i)).concat(readAlso(run, entry.watchedWords));
	run.spans = spans.map((row, i) => readSpan(run, obj(row), i));
	// A run that is over before its last stall is made up, but should be seen whole.
	for (const item of [...run.stalls, ...run.spans])
		run.end = Math.max(run.end, item.end);
	run.tests = findTests(run.spans);
	run.counts = countTests(run);
	return run;
}

async function readPage() {
	const data = obj(await unpack());
	KINDS = data.kinds;
	causes = data.causes;
	details = data.details;
	ANSWERS = data.answers;
	PARTS = data.parts;
	addColors(causes, "c-");
	addColors(PARTS, "p-");
	return {runs: arr(data.reports).map(readRun), cut: num(data.reportsCut) || 0};
}
