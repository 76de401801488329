// The page: which run is shown, and how its parts know of each other

class Page {
	constructor({runs, cut}) {
		const worst = runs.slice().sort((a, b) => b.totals.ns - a.totals.ns)[0];
		this.runs = runs;
		this.faded = new Set();
		this.run = worst;
		this.all = runs.length > 1;
		this.timeline = new Timeline(this);
		this.tests = new Tests(this);
		this.stalls = new Stalls(this);
		this.choice = el("select", {id: "run", on: {change: () => this.choose(this.choice.value)}},
			option("all", "all runs"), runs.map((run) => option(String(run.index), visible(run.label, 80))));
		this.links = el("nav", {"aria-label": "Parts of the page"});
		this.about = el("p", {class: "help"});
		this.perRun = el("div");
		this.causes = el("div");
		this.element = [
			runs.length > 1 ? [this.overview(), el("p", {class: "filters choice"}, el("label", {}, "Show ", this.choice), this.about)] : "",
			this.links, this.tests.element, this.causes, this.timeline.element, this.stalls.element, this.perRun, downloadSection(runs, cut),
		].flat().filter(Boolean);
	}

	start(main) {
		main.replaceChildren(...this.element);
		this.choose(this.all ? "all" : "0");
	}

	overview() {
		const exit = (run) => {
			const of = obj(obj(run.report.run).exit);
			return of.timed_out === true ? "timed out" : str(of.signal_name) ? visible(of.signal_name, 20)
				: num(of.code) === null ? "unknown" : "exit status " + of.code;
		};
		const table = new Table({id: "run-table", caption: "Runs", sort: 5, empty: "", columns: [
			{label: "Run", value: (run) => run.label, cell: (run) => el("button", {type: "button", class: "link",
				on: {click: () => { this.choice.value = String(run.index); this.choose(this.choice.value); }}}, visible(run.label, 120))},
			{label: "Verdict", value: (run) => run.verdict, cell: (run) => el("span", {class: "badge small " + run.verdict}, run.verdict)},
			{label: "Command", value: exit, cell: exit},
			{label: "Stalls", number: true, value: (run) => run.totals.count, cell: (run) => count(run.totals.count)},
			{label: "Longest", number: true, value: (run) => run.totals.longest, cell: (run) => duration(run.totals.longest)},
			{label: "In all", number: true, value: (run) => run.totals.ns, cell: (run) => duration(run.totals.ns)},
			{label: "Failed: the machine", number: true, value: (run) => run.counts.machine,
				cell: (run) => run.counts.all ? count(run.counts.machine) : ""},
		]});
		table.set(this.runs);
		return el("section", {id: "runs"}, el("h2", {}, "Runs"), table.element);
	}

	choose(value) {
		this.all = value === "all";
		if (!this.all)
			this.run = this.runs[Number(value)];
		const chosen = this.all ? this.runs : [this.run];
		this.about.textContent = this.all ? "Tests, stalls and causes of all runs; the timeline and what is below of " +
			visible(this.run.label, 120) + "." : "";
		// The timeline first: the table asks it for its range.
		this.timeline.set(this.run);
		this.tests.set(chosen.flatMap((run) => run.tests).sort((a, b) => b.rank - a.rank || b.stalled - a.stalled), chosen);
		this.stalls.set(chosen.flatMap((run) => run.stalls));
		this.causes.replaceChildren(causesSection(chosen, this.runs.length > 1 && !this.all ? this.run.reasons : []));
		this.perRun.replaceChildren(distributionSection(this.run), rankingsSection(this.run), machineSection(this.run, this.runs.length > 1));
		this.links.replaceChildren(...[...document.querySelectorAll("#page section")].filter((section) => !section.hidden)
			.map((section) => el("a", {href: "#" + section.id}, section.querySelector("h2").textContent)));
	}

	// -- Messages between the parts ---------------------------------------------------------------

	fade(stalls) {
		this.faded = stalls;
		this.timeline.draw();
	}

	select(stall) {
		if (stall.run === this.run)
			this.timeline.select(stall);
	}

	reveal(stall) {
		this.stalls.reveal(stall);
	}

	showTest(test) {
		if (test.run !== this.run)
			this.choose(String(test.run.index));
		this.choice.value = this.all ? "all" : String(this.run.index);
		this.timeline.showItem(test);
		this.stalls.showTest(test);
	}

	viewChanged() {
		if (this.stalls && this.stalls.all)
			this.stalls.viewChanged();
	}
}

// A folded section is missing on paper: open all.
function unfoldForPrint() {
	let folded = [];
	addEventListener("beforeprint", () => {
		folded = [...document.querySelectorAll("details:not([open])")];
		folded.forEach((details) => { details.open = true; });
	});
	addEventListener("afterprint", () => folded.forEach((details) => { details.open = false; }));
}

async function main() {
	const place = document.getElementById("page");
	if (typeof DecompressionStream === "undefined") {
		place.append(el("p", {class: "help"}, "This browser is too old for the tables and the timeline; this is the worst of it."));
		return;
	}
	const data = await readPage();
	if (!data.runs.length)
		return;
	new Page(data).start(place);
	document.getElementById("static").hidden = true;
	unfoldForPrint();
	document.documentElement.classList.add("ready");
}

main();
