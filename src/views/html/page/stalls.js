// The table of stalls with its filters, and the details of one stall

function causeBar(parts, length) {
	return bar(parts.map((part) => ({ns: part.ns, style: causeClass(part.cause), text: duration(part.ns) + " " + causeText(part.cause)})), length);
}

// A field of a stall as its name and type have it; null: not to be shown
function detailOf(name, value) {
	if (str(value))
		return code(value, 400);
	if (num(value) === null || (name.endsWith("_ns") && !value))
		return null;
	return name.endsWith("_ns") ? duration(value) : count(value);
}

function describeStall(stall) {
	const {row} = stall, facts = [];
	const add = (name, value) => value !== null && value !== undefined && value !== "" && facts.push([name, value]);
	add("began", offset(stall.start, 1e3) + " after the start of the run");
	add("length", count(stall.length) + " ns");
	add("test", stall.span && code(stall.span));
	for (const [name, heading] of Object.entries(details))
		add(heading, detailOf(name, row[name]));
	add("scheduling", [str(row.policy), num(row.prio) === null ? null : "priority " + row.prio].filter(Boolean).join(", "));
	add("result", typeof row.result === "number" ? row.result + (str(row.errno) ? " (" + visible(row.errno, 20) + ")" : "") : null);
	add("made late", arr(row.delayed).map((of) => visible(str(of.comm) || "?", 30) + "[" + (num(of.pid) === null ? "?" : of.pid) + "] by " +
		duration(num(of.late_ns))).join(", ") + (num(row.delayed_count) > arr(row.delayed).length ? ", " +
		count(row.delayed_count - arr(row.delayed).length) + " more" : ""));
	return el("div", {class: "facts"},
		stall.why.length ? el("ul", {}, stall.why.map(([ns, text]) => el("li", {}, duration(num(ns)) + " " + text))) : "",
		el("dl", {}, facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}

function option(value, label) {
	return el("option", {value}, label);
}

class Stalls {
	constructor(page) {
		this.page = page;
		this.test = null;
		const several = page.runs.length > 1;
		this.search = el("input", {type: "search", placeholder: "process, file, cause, test\u2026", id: "stall-search",
			on: {input: () => this.filter()}});
		this.kind = el("select", {id: "stall-kind", on: {change: () => this.filter()}}, option("", "all kinds"),
			Object.entries(KINDS).map(([kind, name]) => option(kind, name)));
		const watched = watchedNames(page.runs);
		this.of = el("select", {id: "stall-of", on: {change: () => this.filter()}}, option("", "the run"),
			watched.map((name) => option(name, visible(name, 60))));
		this.cause = el("select", {id: "stall-cause", on: {change: () => this.filter()}});
		this.least = el("select", {id: "stall-least", on: {change: () => this.filter()}}, option("0", "any length"),
			[10, 20, 50, 100, 200, 500, 1000].map((ms) => option(String(ms * 1e6), duration(ms * 1e6) + " or more")));
		this.inView = el("input", {type: "checkbox", id: "stall-in-view", on: {change: () => this.filter()}});
		this.chosen = el("span", {class: "chosen"});
		this.status = el("p", {class: "status", role: "status"});
		const columns = [
			{label: "Length", number: true, value: (stall) => stall.length, cell: (stall) => duration(stall.length)},
			{label: "At", number: true, value: (stall) => -stall.start, cell: (stall) => offset(stall.start)},
			{label: "Kind", value: (stall) => stall.kind, cell: (stall) => own(KINDS, stall.kind) || visible(stall.kind, 20)},
			{label: "Who", wide: true, value: (stall) => stall.who || null, cell: (stall) => code(stall.who, 40)},
			{label: "What", value: (stall) => stall.what, cell: (stall) => visible(stall.what, 160)},
			{label: "Because", wide: true, value: (stall) => stall.cause && stall.because,
				cell: (stall) => [stall.parts.length ? causeBar(stall.parts, stall.length) : "", stall.because]},
		];
		if (page.runs.some((run) => run.spans.length))
			columns.push({label: "Test", wide: true, value: (stall) => stall.span,
				cell: (stall) => stall.span === null ? "" : code(stall.span, 60)});
		if (several)
			columns.push({label: "Run", value: (stall) => stall.run.label, cell: (stall) => code(stall.run.label, 40)});
		this.table = new Table({
			id: "stall-table", caption: "Stalls", columns, sort: 0, detail: describeStall,
			empty: "No stall is like that.", onOpen: (stall) => page.select(stall),
		});
		this.element = el("section", {id: "stalls"}, el("h2", {}, "Stalls"),
			this.filters = el("div", {class: "filters", role: "search"},
				el("label", {}, "Search ", this.search),
				// Stalls of watched cgroups are never mixed into the run's.
				watched.length ? el("label", {}, "Of ", this.of) : "",
				el("label", {}, "Kind ", this.kind),
				el("label", {}, "Cause ", this.cause), el("label", {}, "Length ", this.least),
				el("label", {class: "check"}, this.inView, " only what the timeline shows"), this.chosen),
			this.status, this.table.element);
	}

	set(stalls) {
		const causes = [...new Set(stalls.map((stall) => stall.cause || ""))].filter(Boolean).sort();
		this.all = stalls;
		this.filters.hidden = this.table.element.hidden = !stalls.length;
		this.cause.replaceChildren(option("", "all causes"), ...causes.map((cause) => option(cause, causeText(cause))));
		this.test = null;
		this.filter();
	}

	showTest(test) {
		this.test = test;
		this.filter();
		this.element.scrollIntoView();
	}

	isOf(stall) {
		return (stall.watched || "") === this.of.value;
	}

	matches(stall) {
		const [from, to] = this.inView.checked ? this.page.timeline.range() : [-Infinity, Infinity];
		return (!this.kind.value || stall.kind === this.kind.value) &&
			(!this.cause.value || stall.cause === this.cause.value) &&
			stall.length >= Number(this.least.value) && stall.end >= from && stall.start <= to &&
			(!this.inView.checked || stall.run === this.page.run) &&
			(!this.test || (stall.run === this.test.run && (stall.spanId === null || this.test.id === null
				? stall.span === this.test.name : stall.spanId === this.test.id))) &&
			this.search.value.toLowerCase().split(/\s+/).every((word) => stall.text.includes(word));
	}

	filter() {
		const like = this.all.filter((stall) => this.matches(stall)), of = this.all.filter((stall) => this.isOf(stall));
		const rows = like.filter((stall) => this.isOf(stall));
		this.chosen.replaceChildren();
		if (this.test)
			this.chosen.append("In test ", code(this.test.name, 60), " ", el("button", {
				type: "button", on: {click: () => { this.test = null; this.filter(); }}}, "all tests"));
		this.status.textContent = (rows.length === of.length ? "" : count(rows.length) + " of ") +
			plural(of.length, "stall") + (of.length ? ", " + duration(sum(rows, (stall) => stall.length)) + " in all"
			: this.page.run.verdict === "unmeasured" ? ": nothing was measured" : "");
		this.table.set(rows);
		const seen = new Set(like);
		this.page.fade(new Set(this.all.filter((stall) => !seen.has(stall))));
	}

	viewChanged() {
		if (this.inView.checked)
			this.filter();
	}

	reveal(stall) {
		if (this.table.reveal(stall))
			return;
		// Show the stall that the user asked for, even if the filters hide it.
		this.search.value = this.kind.value = this.cause.value = "";
		this.least.value = "0";
		this.inView.checked = false;
		this.test = null;
		this.of.value = stall.watched || "";
		this.filter();
		this.table.reveal(stall);
	}
}
