// The tests: whose fault the failed ones were, and where the time of each went

function accountBar(test) {
	return bar(test.parts.map(({part, ns}) => ({ns, style: partClass(part), text: partText(part, ns)})), 0);
}

// The bar of a test's account and, for each of its colours, how long and what for
function accountOf(test) {
	const length = sum(test.parts, (of) => of.ns);
	return [
		accountBar(test),
		el("ul", {class: "legend"}, test.parts.filter(({ns}) => ns >= length / 200).map(({part, ns}) => el("li", {},
			el("span", {class: "swatch " + partClass(part)}), " ", partText(part, ns) + " (" + Math.round(100 * ns / length) + " %)"))),
	];
}

function threadOf(thread) {
	const {comm, pid, outside} = obj(thread);
	return str(comm) ? [code(comm + (num(pid) ? "[" + pid + "]" : ""), 40), outside === true ? " (outside the run)" : ""] : ["a thread that is not known"];
}

// One line of the list of who spent the time: thread, part, who is to blame for it
function describeShare(share) {
	const more = [];
	if (str(obj(share.culprit).comm))
		more.push(" (", threadOf(share.culprit)[0], share.culprit_realtime === true ? ", real-time" : "", ")");
	else if (str(obj(share.waker).comm))
		more.push(" (woken by ", threadOf(share.waker)[0], ")");
	return el("li", {}, el("span", {class: "swatch " + partClass(str(share.part) || "")}), " ", threadOf(share.who), " ",
		partText(str(share.part) || "?", num(share.ns) || 0, str(share.call)), more);
}

// One step of the path; indented by the wakeups that it is away from the test's own thread
function describeStep(step) {
	const item = el("li", {}, el("span", {class: "when"}, offset(num(step.start_ns) || 0, 1e6)), " ",
		el("span", {class: "swatch " + partClass(str(step.part) || "")}), " ", threadOf(step.who), " ",
		partText(str(step.part) || "?", num(step.duration_ns) || 0));
	item.style.paddingLeft = Math.min(num(step.depth) || 0, 8) * 1.5 + "rem";
	return item;
}

function describeTest(test) {
	const meaning = test.failed ? ANSWERS[test.answer].meaning : "";
	return el("div", {class: "facts"},
		meaning ? el("p", {}, el("b", {}, ANSWERS[test.answer].words), ": " + meaning + ".") : "",
		test.parts.length ? [el("h3", {}, "Where its time went"), accountOf(test)] : el("p", {class: "help"}, "Where its time went was not measured."),
		test.shares.length ? [el("h3", {}, "Who spent it, the longest first"), el("ul", {class: "steps"}, test.shares.map(describeShare))] : "",
		test.path.length ? [el("h3", {}, "What the test waited for, in the order of time (only the longest pieces)"),
			el("p", {class: "help"}, "Where the test waited for another thread, the lines that are moved to the right tell what that thread did meanwhile."),
			el("ol", {class: "steps"}, test.path.map(describeStep))] : "");
}

function testTable(page) {
	const columns = [
		{label: "Test", wide: true, value: (test) => test.name, cell: (test) => [
			code(test.name, 120), test.attempt > 1 ? " attempt " + test.attempt : "",
			test.file ? el("span", {class: "place"}, visible(test.file, 100) + (test.line ? ":" + test.line : "")) : ""]},
		{label: "Whose fault?", value: (test) => -test.rank, cell: (test) =>
			el("span", {class: "answer " + (test.spoiled ? "spoiled" : test.failed ? "failed" : "other")},
				test.failed ? ANSWERS[test.answer].words : visible(test.outcome, 40))},
		{label: "Why, and where its time went", wide: true, value: (test) => test.evidence, cell: (test) => [
			test.evidence ? el("span", {class: "evidence"}, visible(test.evidence, 500)) : "",
			test.parts.length ? accountBar(test) : ""]},
		{label: "Took", number: true, value: (test) => test.length, cell: (test) => test.length === null ? "" : duration(test.length)},
		{label: "Lost", number: true, value: (test) => test.lost, cell: (test) => test.lost === null ? "" : duration(test.lost)},
		{label: "Stalls", number: true, value: (test) => test.stalls, cell: (test) => !test.stalls ? "" : el("button", {
			type: "button", class: "link", title: "Show them", on: {click: () => page.showTest(test)}}, count(test.stalls))},
	];
	if (page.runs.length > 1)
		columns.push({label: "Run", value: (test) => test.run.label, cell: (test) => code(test.run.label, 40)});
	return new Table({id: "test-table", caption: "Tests", columns, sort: 1, atFirst: 12, detail: describeTest, empty: "No test failed."});
}

class Tests {
	constructor(page) {
		this.table = testTable(page);
		this.cards = el("div", {class: "cards"});
		this.legend = el("ul", {class: "legend"});
		this.only = el("input", {type: "checkbox", id: "test-all", on: {change: () => this.filter()}});
		this.search = el("input", {type: "search", id: "test-search", placeholder: "name, file\u2026", on: {input: () => this.filter()}});
		this.element = el("section", {id: "tests"}, el("h2", {}, "Tests"), this.cards,
			el("div", {class: "filters", role: "search"}, el("label", {}, "Search ", this.search),
				el("label", {class: "check"}, this.only, " also those that passed")), this.legend,
			this.table.element);
	}

	set(tests, runs) {
		const counted = (name) => sum(runs, (run) => run.counts[name]);
		const card = (n, text, style, title) => el("div", {class: "card " + (n ? style : "none"), title}, el("b", {}, count(n)), " ", text);
		const styles = {machine: "spoiled", unmeasured: "unknown", interrupted: "unknown"};
		this.all = tests;
		this.element.hidden = !tests.length;
		this.cards.replaceChildren(
			...ANSWER_ORDER.filter((answer) => counted(answer) || answer === "machine" || answer === "code").map((answer) =>
				card(counted(answer), "failed: " + ANSWERS[answer].words, styles[answer] || "failed", ANSWERS[answer].meaning)),
			card(counted("passed"), "passed", "other"), card(counted("all"), "tests in all", "other"));
		this.filter();
	}

	filter() {
		const words = this.search.value.toLowerCase().split(/\s+/);
		const rows = this.all.filter((test) => (this.only.checked || test.failed) &&
			words.every((word) => (test.name + "\n" + (test.file || "")).toLowerCase().includes(word)));
		const seen = Object.keys(PARTS).filter((part) => rows.some((test) => test.parts.some((of) => of.part === part && of.ns >= test.length / 100)));
		this.table.set(rows);
		this.legend.replaceChildren(...seen.map((part) => el("li", {}, el("span", {class: "swatch " + partClass(part)}), " ",
			PARTS[part].verb + " " + PARTS[part].words)));
	}
}
