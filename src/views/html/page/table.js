// A table that can be sorted by its columns, shows some rows at first and more on request

// A column: {label, cell(row), value(row) to sort by, number: true (right, largest first), wide: true}.
// detail(row), if given, fills a row that opens below the row.
class Table {
	constructor({id, caption, columns, sort, detail, empty, onOpen, atFirst = 20}) {
		Object.assign(this, {columns, detail, empty, onOpen, atFirst, sort, rows: [], shown: atFirst, open: new Map()});
		this.descending = Boolean(columns[sort].number);
		this.headers = columns.map((column, index) => el("th", {
			scope: "col", class: column.number ? "number" : column.wide ? "wide" : null,
		}, column.value ? el("button", {type: "button", on: {click: () => this.sortBy(index)}}, column.label) : column.label));
		this.body = el("tbody");
		this.more = el("p", {class: "more"});
		this.element = el("div", {class: "scroll", id}, el("table", {},
			el("caption", {}, caption), el("thead", {}, el("tr", {}, this.headers)), this.body), this.more);
	}

	set(rows) {
		this.rows = rows.slice();
		this.shown = this.atFirst;
		this.arrange();
	}

	sortBy(index) {
		this.descending = this.sort === index ? !this.descending : Boolean(this.columns[index].number);
		this.sort = index;
		this.arrange();
	}

	arrange() {
		const {value} = this.columns[this.sort], sign = this.descending ? -1 : 1;
		// A stable sort: equal rows keep the order of the last sort. Unknown values come last.
		this.rows = this.rows.map((row) => [value(row), row]).sort(([a], [b]) => {
			if (a === null || b === null)
				return (a === null) - (b === null);
			return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
		}).map(([, row]) => row);
		this.headers.forEach((header, index) => {
			if (index === this.sort)
				header.setAttribute("aria-sort", this.descending ? "descending" : "ascending");
			else
				header.removeAttribute("aria-sort");
		});
		this.draw();
	}

	draw() {
		this.open.clear();
		this.body.replaceChildren(...this.rows.slice(0, this.shown).map((row) => this.makeRow(row)));
		if (!this.rows.length)
			this.body.append(el("tr", {}, el("td", {colspan: this.columns.length, class: "empty"}, this.empty)));
		this.drawMore();
	}

	drawMore() {
		const left = this.rows.length - this.shown;
		this.more.replaceChildren();
		if (left <= 0)
			return;
		this.more.append("Showing " + count(this.shown) + " of " + count(this.rows.length) + ". ",
			el("button", {type: "button", on: {click: () => this.showMore(100)}}, "Show " + count(Math.min(left, 100)) + " more"), " ",
			el("button", {type: "button", on: {click: () => this.showMore(left)}}, "Show all"));
	}

	showMore(n) {
		const from = this.shown;
		this.shown = Math.min(from + n, this.rows.length);
		this.body.append(...this.rows.slice(from, this.shown).map((row) => this.makeRow(row)));
		this.drawMore();
	}

	makeRow(row) {
		const cells = this.columns.map((column) => el("td", {
			class: column.number ? "number" : null, "data-label": column.label,
		}, column.cell(row)));
		if (!this.detail)
			return el("tr", {}, cells);
		const button = el("button", {type: "button", class: "open", "aria-expanded": "false", title: "Details"});
		cells[0].prepend(button);
		const element = el("tr", {class: "opens"}, cells);
		element.addEventListener("click", (event) => {
			// A click that selects text, or uses a control in the row, must not open the row.
			const used = event.target.closest("button, a, summary");
			if ((!used || used === button) && !String(getSelection()))
				this.toggle(row, element, button);
		});
		return element;
	}

	toggle(row, element, button) {
		const old = this.open.get(row);
		if (old) {
			old.remove();
			this.open.delete(row);
		} else {
			const detail = el("tr", {class: "detail"}, el("td", {colspan: this.columns.length}, this.detail(row)));
			this.open.set(row, detail);
			element.after(detail);
			if (this.onOpen)
				this.onOpen(row);
		}
		button.setAttribute("aria-expanded", String(!old));
	}

	// Brings a row into view and opens it; false if it is not in the table now.
	reveal(row) {
		const index = this.rows.indexOf(row);
		if (index < 0)
			return false;
		if (index >= this.shown)
			this.showMore(index + 1 - this.shown);
		const element = [...this.body.children].filter((child) => !child.classList.contains("detail"))[index];
		if (!this.open.has(row))
			this.toggle(row, element, element.querySelector("button.open"));
		element.scrollIntoView({block: "center"});
		element.querySelector("button.open").focus({preventScroll: true});
		return true;
	}
}
