// Where it ran, what could not be seen, and the report itself to take away

function facts(pairs) {
	return el("dl", {class: "facts"}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
		.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function text(value, most = 200) {
	return str(value) ? visible(value, most) : null;
}

function pressureText(report) {
	const pressure = obj(report.pressure);
	const parts = ["cpu", "io", "memory"].filter((name) => num(obj(pressure[name]).some_ns) !== null)
		.map((name) => name + " " + duration(pressure[name].some_ns));
	return parts.length ? parts.join(", ") + (pressure.source === "system" ? " (whole system)" : " (the run's cgroup)") : null;
}

// [name, words] of each quota and memory limit that the run was under
function limitsOf(report) {
	const {throttling, memory_limits: memory} = obj(report.pressure);
	return [
		...arr(throttling).map((of) => ["CPU quota of", [code(str(of.cgroup) || "?", 100), num(of.quota_share) === null ? ""
			: ": " + digits(of.quota_share) + " CPUs", ", throttled in " + count(num(of.throttled_periods) || 0) + " of " +
			plural(num(of.periods) || 0, "period") + ", " + duration(num(of.throttled_ns) || 0)]]),
		...arr(memory).map((of) => ["memory limit of", [code(str(of.cgroup) || "?", 100), num(of.limit_bytes) === null ? ""
			: ": " + bytes(of.limit_bytes), ", reached " + plural(num(of.max_events) || 0, "time") +
			(num(of.oom_kills) ? ", " + plural(of.oom_kills, "process", "processes") + " killed" : "")]]),
	];
}

// [name, words] of each pattern of cgroups that were part of the run
function includedOf(report) {
	return arr(report.included).map((of) => ["part of the run", [code(str(of.pattern) || "?", 100), ": " +
		(num(of.count) === null ? "not measured" : plural(of.count, "cgroup")), (Array.isArray(of.cgroups) ? of.cgroups : [])
		.filter(str).slice(0, 5).map((path) => [" ", code(path, 60)])]]);
}

function missing(report, several) {
	const tracing = obj(report.tracing);
	const line = (lead, words) => el("li", {}, el("b", {}, lead), " ", words);
	const programs = arr(tracing.programs).filter((program) => program.attached === false);
	return [
		...arr(tracing.loss).map((loss) => line("Lost:", count(num(loss.count) || 0) + " x " + (text(loss.what) || "?") +
			(num(loss.first_ns) === null ? "" : ", from " + offset(loss.first_ns) + " to " + offset(num(loss.last_ns) || 0)))),
		text(tracing.reason) && line("Not measured:", text(tracing.reason, 500)),
		// For a single run, the top of the page shows it already.
		several && text(tracing.advice) && line("What to do:", text(tracing.advice, 500)),
		...programs.map((program) => line("Not attached:", (text(program.name) || "?") + (text(program.error) ? ": " + text(program.error) : ""))),
		...(Array.isArray(tracing.limits) ? tracing.limits : []).filter(str).map((limit) => line("Not seen:", text(limit, 500))),
	].filter(Boolean);
}

function machineSection(run, several) {
	const {report} = run, of = obj(report.run), host = obj(of.host), ci = obj(of.ci), tracing = obj(report.tracing);
	const overhead = obj(tracing.overhead), lines = missing(report, several);
	const cpus = num(host.cpus_allowed) === null ? null : host.cpus_allowed + (num(host.cpus_online) === null ? "" : " of " + host.cpus_online);
	return el("section", {id: "machine"}, el("h2", {}, "Machine and measurement"),
		lines.length ? el("ul", {class: "missing"}, lines) : el("p", {class: "help"}, "Nothing was lost."),
		facts([
			["host", text(host.hostname)], ["CPU", text(host.cpu_model)], ["CPUs of the run", cpus],
			["memory", num(host.memory_bytes) === null ? null : bytes(host.memory_bytes)], ["kernel", text(host.kernel)],
			["architecture", text(host.architecture)], ["virtualization", text(host.virtualization)],
			["CI", [text(ci.provider), text(ci.repository), text(ci.branch)].filter(Boolean).join(", ")],
			["job", text(ci.job) && text(ci.job) + (text(ci.attempt) && ci.attempt !== "1" ? ", attempt " + text(ci.attempt) : "")],
			["commit", text(ci.sha)], ["its page", text(ci.url)],
			["started", text(of.started_at)], ["user", text(obj(of.user).name)], ["directory", text(of.cwd)], ["cgroup", text(of.cgroup)],
			...includedOf(report),
			["threshold of waits for a CPU", num(obj(report.thresholds).cpu_ns) === null ? null : duration(report.thresholds.cpu_ns)],
			["threshold of file operations", num(obj(report.thresholds).io_ns) === null ? null : duration(report.thresholds.io_ns)],
			["threshold of hiccups", num(obj(report.thresholds).hiccup_ns) === null ? null : duration(report.thresholds.hiccup_ns)],
			["time under pressure", pressureText(report)],
			["stolen, on all CPUs", num(obj(report.pressure).steal_ns) === null ? null : duration(report.pressure.steal_ns)],
			...limitsOf(report),
			["steal clock", text(tracing.steal_source)],
			["CPU time of the command", obj(of.rusage).user_ns === undefined ? null : duration(num(of.rusage.user_ns)) + " user, " +
				duration(num(of.rusage.system_ns)) + " system"],
			["self-check", num(obj(tracing.self_check).queue_ns) === null ? null : "time on run queues: " + duration(tracing.self_check.queue_ns) +
				" by latwrap's count, " + duration(num(tracing.self_check.run_delay_ns)) + " by the kernel's" +
				(tracing.self_check.agrees === true ? "" : ": they do not agree")],
			["cost of latwrap", num(overhead.latwrap_user_ns) === null ? null : duration(overhead.latwrap_user_ns + (num(overhead.latwrap_system_ns) || 0)) +
				" of CPU time, " + duration(num(overhead.load_ns)) + " to start"],
		]));
}

// -- The report itself --------------------------------------------------------------------------

function download(run) {
	const place = URL.createObjectURL(new Blob([JSON.stringify(run.report, null, 1) + "\n"], {type: "application/json"}));
	const link = el("a", {href: place, download: "latwrap-" + (str(obj(run.report.run).id) || "report").replace(/[^0-9a-f]/g, "").slice(0, 32) + ".json"});
	link.click();
	setTimeout(() => URL.revokeObjectURL(place), 60000);
}

function downloadSection(runs, cut) {
	const left = (run) => Object.entries(run.cut).map(([name, n]) => count(num(n) || 0) + " " + visible(name, 20)).join(", ");
	return el("section", {id: "download"}, el("h2", {}, "Data"),
		el("p", {}, "The reports are in this page: as JSON they can be read again by ", el("code", {}, "latwrap report"), "."),
		el("ul", {}, runs.map((run) => el("li", {}, el("button", {type: "button", on: {click: () => download(run)}}, "Download JSON"), " ",
			code(run.label, 100), left(run) ? " without " + left(run) + ", which had no room in the page" : "",
			run.shortened && !left(run) ? ", long texts and lists shortened to have room" : ""))),
		cut ? el("p", {}, plural(cut, "more report has", "more reports have") + " no room in this page.") : "");
}
