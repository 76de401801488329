// The tests: how many the machine spoiled, and the worst of them in a table

const ANSWERS = {
	"stalled while failing": "stalled while failing",
	"not stalled": "not stalled: look at the code",
};

function answerOf(test) {
	return test.failed && test.waited ? "not stalled, but it waited for a CPU" : test.failed ? own(ANSWERS, test.answer) || "not measured" : test.outcome;
}

function testTable(page) {
	const columns = [
		{label: "Test", wide: true, value: (test) => test.name, cell: (test) => [
			code(test.name, 120), test.attempt > 1 ? " attempt " + test.attempt : "",
			test.file ? el("span", {class: "place"}, visible(test.file, 100) + (test.line ? ":" + test.line : "")) : ""]},
		{label: "Answer", value: (test) => -test.rank, cell: (test) =>
			el("span", {class: "answer " + (test.spoiled ? "spoiled" : test.failed ? "failed" : "other")},
				visible(answerOf(test), 40))},
		{label: "Stood still", number: true, value: (test) => test.stalled, cell: (test) =>
			test.stalled ? duration(test.stalled) : ""},
		{label: "Share", number: true, value: (test) => test.length ? test.stalled / test.length : 0, cell: (test) =>
			test.stalled && test.length ? Math.min(Math.round(100 * test.stalled / test.length), 100) + " %" : ""},
		{label: "Longest", number: true, value: (test) => test.longest, cell: (test) => test.longest ? duration(test.longest) : ""},
		{label: "Stalls", number: true, value: (test) => test.stalls, cell: (test) => !test.stalls ? "" : el("button", {
			type: "button", class: "link", title: "Show them", on: {click: () => page.showTest(test)}}, count(test.stalls))},
		{label: "Took", number: true, value: (test) => test.length, cell: (test) => duration(test.length)},
		{label: "Because", wide: true, value: (test) => test.cause && causeText(test.cause), cell: (test) => !test.cause ? "" : [
			el("span", {class: "swatch " + causeClass(test.cause)}), " ", causeText(test.cause),
			test.culprit ? [", ", code(test.culprit, 40)] : ""]},
	];
	if (page.runs.length > 1)
		columns.push({label: "Run", value: (test) => test.run.label, cell: (test) => code(test.run.label, 40)});
	return new Table({id: "test-table", caption: "Tests", columns, sort: 1, atFirst: 12, empty: "No test is like that."});
}

class Tests {
	constructor(page) {
		this.table = testTable(page);
		this.cards = el("div", {class: "cards"});
		this.only = el("input", {type: "checkbox", id: "test-all", on: {change: () => this.filter()}});
		this.search = el("input", {type: "search", id: "test-search", placeholder: "name, file\u2026", on: {input: () => this.filter()}});
		this.element = el("section", {id: "tests"}, el("h2", {}, "Tests"), this.cards,
			el("div", {class: "filters", role: "search"}, el("label", {}, "Search ", this.search),
				el("label", {class: "check"}, this.only, " also those that passed undisturbed")),
			this.table.element);
	}

	set(tests, runs) {
		const counted = (name) => sum(runs, (run) => run.counts[name]);
		const card = (n, text, style) => el("div", {class: "card " + (n ? style : "none")}, el("b", {}, count(n)), " ", text);
		this.all = tests;
		this.element.hidden = !tests.length;
		this.cards.replaceChildren(
			card(counted("spoiled"), "failed while the machine stood still", "spoiled"),
			card(counted("clean"), "failed on a quiet machine: look at the code", "failed"),
			...(counted("waited") ? [card(counted("waited"), "failed without a stall, waiting for a CPU in short pieces", "unknown")] : []),
			card(counted("unmeasured"), "failed unmeasured", "unknown"),
			card(counted("passed"), "stood still and passed", "other"),
			card(counted("all"), "tests in all", "other"));
		this.filter();
	}

	filter() {
		const words = this.search.value.toLowerCase().split(/\s+/);
		this.table.set(this.all.filter((test) => (this.only.checked || test.failed || test.stalled) &&
			words.every((word) => (test.name + "\n" + (test.file || "")).toLowerCase().includes(word))));
	}
}
