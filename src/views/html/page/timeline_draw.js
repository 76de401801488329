// Drawing the timeline on its canvas, in the colours of the page's style

// Steps of the axis: 1, 2 or 5 times a power of ten ns, at least 90 pixels apart
function axisStep(span, width) {
	const rough = Math.max(span * 90 / Math.max(width, 1), 1), power = 10 ** Math.floor(Math.log10(rough));
	return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
}

class Painter {
	constructor(canvas) {
		this.canvas = canvas;
		this.context = canvas.getContext("2d");
	}

	color(name) {
		if (!this.colors.has(name))
			this.colors.set(name, this.style.getPropertyValue(name).trim() || "#888");
		return this.colors.get(name);
	}

	causeColor(cause) {
		return this.color(own(causes, cause) ? "--c-" + cause : "--other");
	}

	// view: {from, to, width, layout, run, faded, selected, drag}
	draw(view) {
		const ratio = window.devicePixelRatio || 1, {context, canvas} = this;
		this.view = view;
		this.style = getComputedStyle(canvas);
		this.colors = new Map();
		canvas.width = Math.round(view.width * ratio);
		canvas.height = Math.round(view.layout.height * ratio);
		canvas.style.height = view.layout.height + "px";
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.font = "11px system-ui, sans-serif";
		context.textBaseline = "middle";
		this.drawAxis();
		for (const row of view.layout.rows)
			this.drawRow(row);
		if (view.drag)
			this.drawDrag(view.drag);
	}

	x(ns) {
		const {from, to, width} = this.view;
		return LANE.label + (ns - from) / (to - from) * (width - LANE.label);
	}

	text(text, x, y, color, most) {
		const {context} = this;
		context.fillStyle = color;
		if (most && context.measureText(text).width > most) {
			const fits = Math.floor(most / 6.2) - 1;
			text = fits > 3 ? text.slice(0, fits) + "\u2026" : "";
		}
		context.fillText(text, x, y);
	}

	drawAxis() {
		const {context, view} = this, step = axisStep(view.to - view.from, view.width - LANE.label);
		for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
			const x = Math.round(this.x(at)) + 0.5;
			context.strokeStyle = this.color("--line");
			context.beginPath();
			context.moveTo(x, LANE.axis - 4);
			context.lineTo(x, view.layout.height);
			context.stroke();
			this.text(offset(at, step), Math.min(x + 3, view.width - 50), 10, this.color("--dim"));
		}
	}

	drawRow(row) {
		const {context, view} = this;
		this.text(row.name, 0, row.y + Math.min(row.height / 2, 12), this.color("--text"), LANE.label - 8);
		if (row.type === "graph")
			this.text("up to " + row.graph.format(row.graph.top), 0, row.y + 27, this.color("--dim"), LANE.label - 4);
		context.save();
		context.beginPath();
		context.rect(LANE.label, row.y - 2, view.width - LANE.label, row.height + 4);
		context.clip();
		if (row.type === "graph")
			this.drawGraph(row);
		else
			row.items.filter((item) => item.end >= view.from && item.start <= view.to)
				.forEach((item) => row.type === "spans" ? this.drawSpan(row, item) : this.drawStall(row, item));
		context.restore();
	}

	box(row, item) {
		const left = Math.max(this.x(item.start), LANE.label - 5);
		const right = Math.min(this.x(item.end), this.view.width + 5);
		return [left, row.y + item.lane * row.lane, Math.max(right - left, 2), row.lane - 2];
	}

	drawSpan(row, span) {
		const [x, y, width, height] = this.box(row, span), {context} = this;
		const state = span.failed ? span.spoiled ? "spoiled" : "failed" : span.outcome === "passed" ? "passed" : "group";
		context.fillStyle = this.color("--span-" + state);
		context.fillRect(x, y, Math.max(width - 1, 1.5), height);
		if (height > 10 && width > 30)
			this.text(visible(span.name, 100), x + 4, y + height / 2 + 0.5, this.color("--on-span-" + state), width - 8);
	}

	drawStall(row, stall) {
		const [x, y, width, height] = this.box(row, stall), {context, view} = this;
		context.globalAlpha = view.faded.has(stall) ? 0.15 : 1;
		// The causes on top of each other, in proportion: when which of them was is not known.
		let top = y;
		for (const part of stall.parts.length ? stall.parts : [{cause: stall.cause, ns: stall.length}]) {
			const share = height * Math.min(part.ns / Math.max(stall.length, 1), 1);
			context.fillStyle = this.causeColor(part.cause);
			context.fillRect(x, top, width, Math.min(share, y + height - top));
			top += share;
		}
		if (stall === view.selected) {
			context.strokeStyle = this.color("--text");
			context.lineWidth = 2;
			context.strokeRect(x - 2, y - 1, width + 4, height + 2);
			context.lineWidth = 1;
		}
		context.globalAlpha = 1;
	}

	drawGraph(row) {
		const {context, view} = this, {graph} = row, bottom = row.y + row.height, samples = view.run.samples;
		const y = (value) => bottom - Math.min(value / graph.top, 1) * (row.height - 13);
		context.strokeStyle = this.color("--line");
		context.strokeRect(LANE.label, bottom + 0.5, view.width - LANE.label, 0);
		for (const line of graph.lines) {
			context.beginPath();
			let pen = false, before = 0;
			for (const sample of samples) {
				const value = line.value(sample);
				if (value === null) {
					pen = false;
					before = sample.at_ns;
					continue;
				}
				if (graph.share)
					context[pen ? "lineTo" : "moveTo"](this.x(before), y(value));
				context[pen || graph.share ? "lineTo" : "moveTo"](this.x(sample.at_ns), y(value));
				pen = true;
				before = sample.at_ns;
			}
			context.strokeStyle = this.color(line.color);
			context.lineWidth = 1.5;
			context.stroke();
			context.lineWidth = 1;
		}
		let x = view.width - 6;
		for (const line of graph.lines.filter((candidate) => candidate.name).reverse()) {
			x -= context.measureText(line.name).width;
			this.text(line.name, x, row.y + 5, this.color(line.color));
			x -= 10;
		}
	}

	drawDrag([from, to]) {
		const {context, view} = this;
		context.fillStyle = this.color("--select");
		context.globalAlpha = 0.25;
		context.fillRect(Math.min(from, to), LANE.axis, Math.abs(to - from), view.layout.height);
		context.globalAlpha = 1;
	}

	// Finds the item at a point: a stall before a span, the longest of several
	find(x, y) {
		for (const row of this.view ? this.view.layout.rows : []) {
			if (y < row.y - 2 || y > row.y + row.height + 2)
				continue;
			if (row.type === "graph")
				return {row};
			const hit = row.items.filter((item) => {
				const [left, top, width, height] = this.box(row, item);
				return x >= left - 3 && x <= left + width + 3 && y >= top - 1 && y <= top + height + 1;
			}).sort((a, b) => a.length - b.length);
			return hit.length ? {row, item: row.type === "stalls" ? hit[hit.length - 1] : hit[0]} : {row};
		}
		return {};
	}
}
