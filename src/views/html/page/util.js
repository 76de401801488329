// Elements, numbers and times in words, names made visible: what every part of the page uses

// An element with attributes, listeners ("on") and children. Children are elements or text, and
// text stays text: nothing on this page ever parses markup.
function el(tag, attributes, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {})) {
		if (name === "on") {
			for (const [event, listener] of Object.entries(value))
				element.addEventListener(event, listener);
		} else if (value !== null && value !== undefined && value !== false) {
			element.setAttribute(name, value === true ? "" : value);
		}
	}
	element.append(...children.flat(Infinity).filter((child) => child || child === 0));
	return element;
}

// A report may be made up: a number is one only if it is finite and not negative.
function num(value) {
	return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

function str(value) {
	return typeof value === "string" ? value : null;
}

function arr(value) {
	return Array.isArray(value) ? value.filter((item) => item !== null && typeof item === "object") : [];
}

function obj(value) {
	return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

function own(object, key) {
	return Object.prototype.hasOwnProperty.call(object, key) ? object[key] : undefined;
}

// Control characters and those that reorder text, as latwrap shows them in a terminal.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

function visible(text, most) {
	const clean = text.replace(HIDDEN, (char) => {
		const code = char.charCodeAt(0).toString(16);
		return code.length <= 2 && char < "\u0080" ? "\\x" + code.padStart(2, "0") : "\\u{" + code.padStart(4, "0") + "}";
	});
	if (!most || clean.length <= most)
		return clean;
	const head = Math.floor((most - 1) / 3);
	return clean.slice(0, head) + "\u2026" + clean.slice(head + 1 - most);
}

function code(text, most) {
	return el("code", {title: most && text.length > most ? visible(text, 2000) : null}, visible(text, most));
}

// -- Numbers --------------------------------------------------------------------------------------

function count(n) {
	return n.toLocaleString("en-US");
}

function digits(value) {
	const places = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	return String(Number(value.toFixed(places)));
}

// Three significant digits, as everywhere in latwrap.
function duration(ns) {
	if (ns === null)
		return "?";
	for (const [unit, size] of [["ns", 1], ["us", 1e3], ["ms", 1e6]])
		if (ns / size < 999.5)
			return digits(ns / size) + unit;
	if (ns / 1e9 < 59.95)
		return digits(ns / 1e9) + "s";
	const seconds = Math.round(ns / 1e9);
	if (seconds < 3600)
		return Math.floor(seconds / 60) + "m" + (seconds % 60 ? " " + seconds % 60 + "s" : "");
	const minutes = Math.round(seconds / 60);
	return Math.floor(minutes / 60) + "h" + (minutes % 60 ? " " + minutes % 60 + "m" : "");
}

// An offset from the start of the run. Two times that differ by step must look different.
function offset(ns, step) {
	const places = !step ? 3 : Math.min(Math.max(Math.ceil(9 - Math.log10(step)), 0), 9);
	return "+" + (ns / 1e9).toFixed(places) + "s";
}

function bytes(n) {
	for (const unit of ["B", "KiB", "MiB", "GiB", "TiB"]) {
		if (n < 1024 || unit === "TiB")
			return digits(n) + " " + unit;
		n /= 1024;
	}
}

function plural(n, one, many) {
	return count(n) + " " + (n === 1 ? one : many || one + "s");
}

// A bar of coloured pieces {ns, style, text}: what the colours say, its title says in words.
function bar(pieces, length) {
	const total = Math.max(length, sum(pieces, (piece) => piece.ns), 1);
	const element = el("span", {class: "bar", role: "img", "aria-label": pieces.map((piece) => piece.text).join(", ")});
	for (const {ns, style, text} of pieces) {
		const piece = el("span", {class: style, title: text});
		piece.style.width = 100 * ns / total + "%";
		element.append(piece);
	}
	return element;
}

function sum(list, value) {
	return list.reduce((total, item) => total + value(item), 0);
}
