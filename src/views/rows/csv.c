/* Stalls as comma-separated values, for spreadsheets and data frames */
#include "views/rows/csv.h"

#include "views/watched_words.h"
#include "views/rows/columns.h"
#include "report/load.h"
#include "report/write.h"

struct column {
	const char *name;
	const char *path; /* in the stall */
};

static const struct column columns[] = {
	{"kind", "kind"},
	{"start_ns", "start_ns"},
	{"duration_ns", "duration_ns"},
	{"span", "span"},
	{"span_id", "span_id"},
	{"span_phase", "span_phase"},
	{"cause", "cause"},
	{"pid", "pid"},
	{"tid", "tid"},
	{"comm", "comm"},
	{"exe", "exe"},
	{"command", "command"},
	{"cpu", "cpu"},
	/* Of the culprits, who are sorted, the first. */
	{"culprit_pid", "pid"},
	{"culprit_comm", "comm"},
	{"culprit_where", "where"},
	{"culprit_policy", "policy"},
	{"culprit_cgroup", "cgroup"},
	{"culprit_ns", "ns"},
	{"share_inside_ns", "shares.inside_ns"},
	{"share_outside_ns", "shares.outside_ns"},
	{"share_kernel_ns", "shares.kernel_ns"},
	{"share_irq_ns", "shares.irq_ns"},
	{"share_steal_ns", "shares.steal_ns"},
	{"share_delivery_ns", "shares.delivery_ns"},
	{"share_throttled_ns", "shares.throttled_ns"},
	{"share_idle_ns", "shares.idle_ns"},
	{"share_device_ns", "shares.device_ns"},
	{"share_filesystem_ns", "shares.filesystem_ns"},
	{"share_lock_ns", "shares.lock_ns"},
	{"share_writeback_ns", "shares.writeback_ns"},
	{"share_reclaim_ns", "shares.reclaim_ns"},
	{"share_remote_ns", "shares.remote_ns"},
	{"share_cpu_ns", "shares.cpu_ns"},
	{"share_running_ns", "shares.running_ns"},
	{"share_unknown_ns", "shares.unknown_ns"},
	{"reason", "reason"},
	{"delivery_ns", "delivery_ns"},
	{"late_ns", "late_ns"},
	{"queue_ns", "queue_ns"},
	{"delayed_count", "delayed_count"},
	{"prio", "prio"},
	{"policy", "policy"},
	{"waker_pid", "waker.pid"},
	{"waker_comm", "waker.comm"},
	{"waker_interrupt", "waker.interrupt"},
	{"operation", "operation"},
	{"path", "path"},
	{"path_deleted", "path_deleted"},
	{"path2", "path2"},
	{"fd", "fd"},
	{"bytes", "bytes"},
	{"offset", "offset"},
	{"flags", "flags"},
	{"mode", "mode"},
	{"result", "result"},
	{"errno", "errno"},
	{"finished", "finished"},
	{"blocked_ns", "blocked_ns"},
	{"runqueue_ns", "runqueue_ns"},
	{"running_ns", "running_ns"},
	{"kernel_function", "kernel_function"},
	{"steal_ns", "steal_ns"},
	{"threads_hit", "threads_hit"},
};

/* What Excel, LibreOffice Calc and Google Sheets begin a formula with; their full-width forms are
 * the same to some of them, and blanks before are taken off by some. */
static bool is_formula(const char *text)
{
	static const char *const starts[] = {
		"=", "+", "-", "@", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0",
	};

	text += strspn(text, " ");
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (startswith(text, starts[i]))
			return true;
	return false;
}

static void print_text(const char *text, FILE *out)
{
	_cleanup_free_ char *safe = view_escape_terminal(text, 0);

	putc('"', out);
	if (is_formula(safe))
		putc('\'', out);
	for (const char *p = safe; *p; p++) {
		if (*p == '"')
			putc('"', out);
		putc(*p, out);
	}
	putc('"', out);
}

static void print_cell(const cJSON *value, FILE *out)
{
	if (cJSON_IsString(value))
		print_text(report_string(value, "", ""), out);
	else if (cJSON_IsNumber(value) || cJSON_IsBool(value))
		report_print_json_value(value, out);
}

void csv_print_header(FILE *out)
{
	fputs("report", out);
	for (size_t i = 0; i < run_columns_count; i++)
		fprintf(out, ",%s", run_columns[i].name);
	fputs("," COLUMN_COMMAND "," COLUMN_TIME "," COLUMN_WATCHED, out);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		fprintf(out, ",%s", columns[i].name);
	fputs("\r\n", out);
}

static void print_stall(const struct named_report *report, const char *command, const char *watched,
			const cJSON *stall, FILE *out)
{
	const cJSON *culprits = report_array(stall, "culprits");
	char time[NAMED_TIME_BYTES];

	print_text(report->name, out);
	for (size_t i = 0; i < run_columns_count; i++) {
		putc(',', out);
		print_cell(report_get(report->report, run_columns[i].path), out);
	}
	putc(',', out);
	if (command)
		print_text(command, out);
	putc(',', out);
	if (named_time(time, report->report, report_u64(stall, "start_ns", 0)))
		print_text(time, out);
	putc(',', out);
	if (watched)
		print_text(watched, out);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		bool culprit = startswith(columns[i].name, "culprit_");
		const cJSON *of = culprit ? culprits ? culprits->child : NULL : stall;

		putc(',', out);
		print_cell(report_get(of, columns[i].path), out);
	}
	fputs("\r\n", out);
}

void csv_print_report(const struct named_report *report, FILE *out)
{
	_cleanup_free_ char *command = run_command_line(report->report);
	const cJSON *stall, *also;

	cJSON_ArrayForEach(stall, report_array(report->report, "stalls")) {
		print_stall(report, command, NULL, stall, out);
	}
	cJSON_ArrayForEach(also, report_array(report->report, "also")) {
		cJSON_ArrayForEach(stall, report_array(also, "stalls")) {
			print_stall(report, command, also_name(also), stall, out);
		}
	}
}
