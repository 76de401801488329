// The layout of the timeline: lanes of spans and stalls, graphs of the machine's resources

const LANE = {span: 15, stall: 20, graph: 46, gap: 10, axis: 22, label: 92};
const SPAN_LANES_MAX = 24, STALL_LANES_MAX = 6;

// Puts intervals on as few lanes as possible, so that none covers another. Without a free lane, an
// interval goes to the last one. A nested span is below the span around it, as it begins later.
function pack(items, most) {
	const ends = [];
	for (const item of items.slice().sort((a, b) => a.start - b.start || b.end - a.end)) {
		let lane = ends.findIndex((end) => end <= item.start);
		if (lane < 0)
			lane = Math.min(ends.length, most - 1);
		ends[lane] = Math.max(ends[lane] || 0, item.end);
		item.lane = lane;
	}
	return ends.length;
}

// Each: {name, lines: [{name, color, value(sample)}], top: value at the upper edge, format, share}.
// A share is of all the time since the sample before, other values are of the sample's own moment.
function graphsOf(samples) {
	const share = (key) => (sample) => num(sample[key]);
	const percent = (value) => digits(100 * value) + " %";
	const highest = (line) => Math.max(0, ...samples.map((sample) => line.value(sample) || 0));
	const graphs = [
		{name: "pressure", top: 1, share: true, format: percent, lines: [
			{name: "CPU", color: "--resource-1", value: share("cpu_some")},
			{name: "I/O", color: "--resource-2", value: share("io_some")},
			{name: "memory", color: "--resource-3", value: share("memory_some")}]},
		{name: "CPU time", top: 1, share: true, format: percent, lines: [
			{name: "busy", color: "--resource-3", value: share("busy")}, {name: "stolen", color: "--steal", value: share("steal")}]},
		{name: "run queue", format: digits, lines: [
			{name: "threads", color: "--resource-1", value: share("run_queue")},
			{name: "load", color: "--resource-2", value: share("load")}]},
		{name: "slowness", share: true, format: digits, lines: [{name: "", color: "--resource-2", value: share("slowness")}]},
		{name: "free memory", format: bytes, lines: [{name: "", color: "--resource-3", value: share("memory_available_bytes")}]},
	];
	for (const graph of graphs) {
		graph.lines = graph.lines.filter((line) => samples.some((sample) => line.value(sample) !== null));
		const most = Math.max(0, ...graph.lines.map(highest));
		// Little pressure should be seen, but not look like much.
		graph.top = graph.top ? Math.min(Math.max(most * 1.1, 0.1), Math.max(graph.top, most)) : most * 1.1 || 1;
	}
	return graphs.filter((graph) => graph.lines.length);
}

// Rows from top to bottom: {type, name, y, height, items or graph}
function layOut(run) {
	const rows = [];
	let y = LANE.axis;
	const add = (row) => {
		rows.push({...row, y});
		y += row.height + LANE.gap;
	};
	const spans = run.spans.filter((span) => span.timed);
	if (spans.length) {
		const lanes = pack(spans, SPAN_LANES_MAX);
		const height = lanes > 8 ? 8 : LANE.span;
		add({type: "spans", name: "tests", items: spans, lane: height, height: lanes * height});
	}
	const addStalls = (name, items) => {
		if (!items.length)
			return;
		const lanes = pack(items, STALL_LANES_MAX), height = lanes > 3 ? 12 : LANE.stall;
		// The longest is drawn last, on top of the others.
		add({type: "stalls", name, lane: height, height: lanes * height, items: items.sort((a, b) => a.length - b.length)});
	};
	const ours = run.stalls.filter((stall) => stall.watched === null);
	for (const kind of [...new Set([...Object.keys(KINDS), ...ours.map((stall) => stall.kind)])])
		addStalls((own(KINDS, kind) || visible(kind, 10)) + " stalls", ours.filter((stall) => stall.kind === kind));
	for (const name of watchedNames([run]))
		addStalls(visible(name, 40), run.stalls.filter((stall) => stall.watched === name));
	for (const graph of graphsOf(run.samples))
		add({type: "graph", name: graph.name, graph, height: LANE.graph});
	return {rows, height: y + 4};
}
