# SPDX-License-Identifier: GPL-2.0
#
# Decides what a test's output, its exit status and the kernel's log amount to.
# Reads files and prints; knows of no guest, so that it can be tested itself.

# judge_ktap FILE STATUS prints one line for each thing found:
#   pass TITLE | skip TITLE # REASON | fail TITLE | problem TEXT
# A problem is a failure that no single case of the test reported.
judge_ktap()
{
	awk -v status="$2" '
	function problem(text) { print "problem " text; problems++ }
	{ sub(/\r$/, "") }
	/^1\.\.[0-9]+/ {
		if (planned++)
			problem("it has two plans")
		plan = substr($1, 4) + 0
		if (plan == 0 && match($0, /# SKIP/)) {
			print "skip " substr($0, RSTART)
			skips++
		}
	}
	/^Bail out!/ { problem($0) }
	/^(not )?ok([ \t]|$)/ {
		title = $0
		sub(/^(not )?ok[ \t]*/, "", title)
		results++
		if (title + 0 != results && !disorder++)
			problem("result " results " is numbered " title + 0)
		if (/^not ok/) {
			print "fail " title
			fails++
		} else if (match(title, /# (SKIP|XFAIL|TODO)/)) {
			print "skip " title
			skips++
		} else {
			print "pass " title
			passes++
		}
	}
	END {
		if (status == "timeout")
			problem("it was stopped at its time limit")
		else if (status == "hung")
			problem("it hangs in the kernel and could not be killed")
		else if (status == "died")
			problem("the guest died")
		if (!planned && !problems)
			problem("it has no plan (1..N)" \
				(status ? ", status " status : ""))
		else if (planned && results != plan)
			problem("it planned " plan " results and gave " results + 0)
		if (!fails && !problems && status ~ /^[0-9]+$/ && status != 0 &&
		    !(status == 4 && skips && !passes))
			problem("it ended with status " status)
	}' "$1"
}

# said_of FILE prints what a test wrote about what failed, at most eight lines a
# failure, without the title in front of what was expected: a program says it before its
# "not ok", a script behind.
said_of()
{
	awk '
	function show(  i) {
		for (i = n > 8 ? n - 7 : 1; i <= n; i++)
			print lines[i]
	}
	{ sub(/\r$/, "") }
	/^(not )?ok([ \t]|$)/ {
		if (is_open || (/^not/ && n))
			show()
		is_open = /^not/ && !n
		n = 0
		next
	}
	/^# +(RUN|OK|FAIL) |^# (PASSED|FAILED|Totals|Starting)|: Test (failed|terminated)/ { next }
	/^# / {
		sub(/^# /, "")
		if (match($0, /^[^ :]+\.[ch]:[0-9]+:/)) {
			text = substr($0, RLENGTH + 1)
			sub(/^.*:Expected /, "Expected ", text)
			$0 = substr($0, 1, RLENGTH) " " text
		}
		lines[++n] = $0
	}
	END {
		if (is_open)
			show()
	}' "$1"
}

# A log without the data races of others: a report of KCSAN is ours if one of the
# two accesses, or who called for it, is a function of the module.
without_foreign_races()
{
	awk '
	function flush() {
		if (!is_race || is_ours)
			printf "%s", report
		report = ""
	}
	{ sub(/\r$/, "") }
	/=========================$/ {
		is_inside = !is_inside
		if (is_inside)
			is_race = is_ours = frames = 0
		report = report $0 "\n"
		if (!is_inside)
			flush()
		next
	}
	!is_inside { print; next }
	/BUG: KCSAN:/ { is_race = 1 }
	/ (to|of) 0x[0-9a-f]+ of [0-9]+ bytes by / { frames = 0 }
	/[[:alnum:]_.]+\+0x/ && ++frames <= 2 && /\[nexus\]/ { is_ours = 1 }
	{ report = report $0 "\n" }
	END { flush() }' "$1"
}

# judge_log FILE prints the lines of a kernel's log that no run may have.
judge_log()
{
	without_foreign_races "$1" | grep -aE -f <(patterns "$vm/splats") |
		grep -avE -f <(patterns "$vm/allowed"; echo '^$') | tr -d '\r'
}

patterns()
{
	grep -vE '^(#|$)' "$1"
}

# log_of NAME CONSOLE prints the part of the kernel's log that belongs to a test.
log_of()
{
	awk -v name="$1" '
	{ sub(/\r$/, "") }
	substr($0, length($0) - length(begin) + 1) == begin { inside = 1 }
	inside { print }
	substr($0, length($0) - length(end) + 1) == end { inside = 0 }
	BEGIN {
		begin = "nexus-check: begin " name
		end = "nexus-check: end " name
	}' "$2"
}
