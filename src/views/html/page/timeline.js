// The timeline: zoomed and moved by mouse, fingers and keys; stalls and tests in it can be chosen

const SHORTEST_VIEW_NS = 1e4;

class Timeline {
	constructor(page) {
		this.page = page;
		this.canvas = el("canvas", {tabindex: "0", role: "img", "aria-describedby": "timeline-help"});
		this.painter = new Painter(this.canvas);
		this.tip = el("div", {class: "tip", hidden: true});
		this.where = el("span", {class: "where", role: "status"});
		this.frame = el("div", {class: "frame"}, this.canvas, this.tip);
		this.pointers = new Map();
		const button = (label, title, action) => el("button", {type: "button", title, "aria-label": title, on: {click: action}}, label);
		this.element = el("section", {id: "timeline"}, el("h2", {}, "Timeline"),
			el("div", {class: "filters"},
				button("+", "Zoom in", () => this.zoom(0.5)), button("\u2212", "Zoom out", () => this.zoom(2)),
				button("\u2190", "Earlier", () => this.move(-0.3)), button("\u2192", "Later", () => this.move(0.3)),
				button("all", "Show the whole run", () => this.reset()), this.where),
			this.frame,
			el("p", {id: "timeline-help", class: "help"},
				"Drag over a part to zoom into it, double-click to see all again; Ctrl and the wheel zoom as well. " +
				"Keys: arrows move, + and \u2212 zoom, 0 shows all, n and p go from stall to stall, Enter shows it in the table."),
			this.legend = el("p", {class: "legend"}));
		this.listen();
	}

	listen() {
		const on = (name, listener, options) => this.canvas.addEventListener(name, listener, options);
		on("pointerdown", (event) => this.down(event));
		on("pointermove", (event) => this.moved(event));
		on("pointerup", (event) => this.up(event));
		on("pointercancel", (event) => this.pointers.delete(event.pointerId));
		on("pointerleave", () => { this.tip.hidden = true; });
		on("dblclick", () => this.reset());
		on("keydown", (event) => this.key(event));
		on("wheel", (event) => this.wheel(event), {passive: false});
		new ResizeObserver(() => this.draw()).observe(this.frame);
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
		matchMedia("print").addEventListener("change", () => this.draw());
	}

	set(run) {
		this.run = run;
		this.layout = layOut(run);
		this.selected = null;
		this.element.hidden = !this.layout.rows.length;
		this.canvas.setAttribute("aria-label", "Timeline of " + duration(run.end) + " with " +
			plural(run.stalls.length, "stall") + " and " + plural(run.tests.length, "test"));
		const seen = Object.keys(causes).filter((cause) => run.stalls.some((stall) => stall.parts.some((part) => part.cause === cause)));
		this.legend.replaceChildren(...seen.flatMap((cause) => [
			el("span", {class: "key"}, el("span", {class: "swatch " + causeClass(cause)}), " " + causeText(cause)), " "]));
		this.reset();
	}

	// -- The view -------------------------------------------------------------------------------

	range() {
		return [this.from, this.to];
	}

	show(from, to) {
		const span = Math.min(Math.max(to - from, SHORTEST_VIEW_NS), this.run.end);
		this.from = Math.min(Math.max((from + to - span) / 2, 0), this.run.end - span);
		this.to = this.from + span;
		this.where.textContent = span >= this.run.end ? "the whole run, " + duration(this.run.end)
			: offset(this.from, span / 100) + " to " + offset(this.to, span / 100) + " (" + duration(span) + ") of " + duration(this.run.end);
		this.tip.hidden = true;
		this.draw();
		this.page.viewChanged();
	}

	reset() {
		this.show(0, this.run.end);
	}

	zoom(factor, at = (this.from + this.to) / 2) {
		this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
	}

	move(share) {
		const by = (this.to - this.from) * share;
		const from = Math.min(Math.max(this.from + by, 0), this.run.end - (this.to - this.from));
		this.show(from, from + this.to - this.from);
	}

	showItem(item) {
		const margin = Math.max(item.length * 2, this.run.end / 200);
		this.show(item.start - margin, item.end + margin);
	}

	select(stall) {
		this.selected = stall;
		if (stall && stall.run === this.run && (stall.end < this.from || stall.start > this.to))
			this.showItem(stall);
		else
			this.draw();
	}

	draw() {
		if (!this.run || !this.frame.clientWidth)
			return;
		this.painter.draw({from: this.from, to: this.to, width: this.frame.clientWidth, layout: this.layout, run: this.run,
			faded: this.page.faded, selected: this.selected, drag: this.drag});
	}

	time(x) {
		return this.from + (x - LANE.label) / Math.max(this.frame.clientWidth - LANE.label, 1) * (this.to - this.from);
	}

	point(event) {
		const box = this.canvas.getBoundingClientRect();
		return [event.clientX - box.left, event.clientY - box.top];
	}

	// -- Mouse and fingers ------------------------------------------------------------------------

	down(event) {
		if (event.button !== 0)
			return;
		const [x, y] = this.point(event);
		this.canvas.setPointerCapture(event.pointerId);
		this.pointers.set(event.pointerId, x);
		this.start = {x, y, from: this.from, to: this.to};
		this.drag = null;
	}

	moved(event) {
		const [x, y] = this.point(event), before = this.pointers.get(event.pointerId);
		if (before === undefined) {
			this.hover(x, y);
			return;
		}
		this.pointers.set(event.pointerId, x);
		if (this.pointers.size === 2) {
			// Two fingers: the point below each finger stays there.
			const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
			const factor = Math.min(Math.max(Math.abs(before - other) / Math.max(Math.abs(x - other), 1), 0.2), 5);
			this.zoom(factor, this.time(other));
		} else if (event.pointerType === "touch") {
			this.move((before - x) / (this.frame.clientWidth - LANE.label));
		} else if (this.drag || Math.abs(x - this.start.x) > 4) {
			this.drag = [Math.max(this.start.x, LANE.label), Math.max(x, LANE.label)];
			this.draw();
		}
	}

	up(event) {
		const [x, y] = this.point(event), {drag} = this;
		this.pointers.delete(event.pointerId);
		this.drag = null;
		if (drag && Math.abs(drag[1] - drag[0]) > 4) {
			this.show(this.time(Math.min(...drag)), this.time(Math.max(...drag)));
			return;
		}
		const {item, row} = this.painter.find(x, y);
		if (this.start && Math.abs(x - this.start.x) < 5 && item) {
			if (row.type === "stalls")
				this.page.reveal(item);
			else if (item.stalls)
				this.page.showTest(item);
			else
				this.hover(x, y);
		}
	}

	wheel(event) {
		const [x] = this.point(event);
		if (event.ctrlKey || event.metaKey)
			this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.time(x));
		else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
			this.move(Math.sign(event.deltaX || event.deltaY) * 0.1);
		else
			return;
		event.preventDefault();
	}

	// -- Keys -------------------------------------------------------------------------------------

	key(event) {
		const keys = {
			"ArrowLeft": () => this.move(-0.2), "ArrowRight": () => this.move(0.2), "+": () => this.zoom(0.5), "=": () => this.zoom(0.5),
			"-": () => this.zoom(2), "0": () => this.reset(), "Home": () => this.show(0, this.to - this.from),
			"End": () => this.show(this.run.end - (this.to - this.from), this.run.end), "n": () => this.step(1), "p": () => this.step(-1),
			"Enter": () => this.selected && this.page.reveal(this.selected), "Escape": () => { this.tip.hidden = true; },
		};
		if (event.ctrlKey || event.metaKey || event.altKey || !own(keys, event.key))
			return;
		keys[event.key]();
		event.preventDefault();
	}

	step(by) {
		const stalls = this.run.stalls.filter((stall) => !this.page.faded.has(stall))
			.sort((a, b) => a.start - b.start || a.index - b.index);
		if (!stalls.length)
			return;
		const at = stalls.indexOf(this.selected), next = at < 0 ? (by > 0 ? 0 : stalls.length - 1) : at + by;
		const stall = stalls[(next + stalls.length) % stalls.length];
		this.select(stall);
		const row = this.layout.rows.find((candidate) => candidate.type === "stalls" && candidate.items.includes(stall));
		const [x, y] = this.painter.box(row, stall);
		this.showTip(x, y + row.lane, this.describe(row, stall));
	}

	// -- The tip ----------------------------------------------------------------------------------

	describe(row, item) {
		if (row.type === "spans")
			return [el("b", {}, visible(item.name, 200)), el("span", {}, [visible(item.outcome || "no outcome", 30),
				"took " + duration(item.length), item.stalled ? "stalled for " + duration(item.stalled) : null,
				item.finished ? null : "did not end"].filter(Boolean).join(", "))];
		return [el("b", {}, visible((item.who ? item.who + " " : "") + item.what, 300)),
			...(item.why.length ? item.why.map(([ns, text]) => el("span", {}, duration(num(ns)) + " " + text)) : [el("span", {}, item.because)]),
			item.span === null ? "" : el("span", {}, "in ", code(item.span, 100))];
	}

	describeResources(row, x) {
		const at = this.time(x), {samples} = this.run;
		const nearest = row.graph.share ? samples.find((sample) => sample.at_ns >= at) || samples[samples.length - 1]
			: samples.reduce((best, sample) => Math.abs(sample.at_ns - at) < Math.abs(best.at_ns - at) ? sample : best);
		return [el("b", {}, (row.graph.share ? "until " : "at ") + offset(nearest.at_ns)), ...row.graph.lines.map((line) => el("span", {}, (line.name || row.name) + ": " +
			(line.value(nearest) === null ? "?" : row.graph.format(line.value(nearest)))))];
	}

	hover(x, y) {
		const {row, item} = this.painter.find(x, y);
		this.canvas.classList.toggle("pointing", Boolean(item));
		if (item)
			this.showTip(x, y, this.describe(row, item));
		else if (row && row.type === "graph" && x > LANE.label)
			this.showTip(x, y, this.describeResources(row, x));
		else
			this.tip.hidden = true;
	}

	showTip(x, y, lines) {
		this.tip.replaceChildren(...lines.filter(Boolean).map((line) => el("div", {}, line)));
		this.tip.hidden = false;
		const room = this.frame.clientWidth - this.tip.offsetWidth;
		this.tip.style.left = Math.max(Math.min(x + 12, room), 0) + "px";
		this.tip.style.top = y + 16 + "px";
	}
}
