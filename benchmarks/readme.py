"""Results as Markdown, and into the README between its two marks."""

from __future__ import annotations

from pathlib import Path

from .statistics import (
    Record,
    amount,
    digits,
    entry_of,
    groups,
    mean_ratio,
    our_best,
    our_entries,
    peers_of,
    ratio,
    text,
)

BEGIN = "<!-- benchmarks: written by `python -m benchmarks readme`, not by hand -->"
END = "<!-- end of benchmarks -->"


def markdown(results: Record) -> str:
    """A table per suite, and how it was measured."""
    suites = [s for s in results["suites"] if s["name"] != "roofs" and peers_of(s["jobs"])]
    return "\n\n".join([*map(_part, suites), _footer(results)])


def _part(suite: Record) -> str:
    """Every job if there is one point of a curve in each; else means where there are many."""
    if suite["name"] == "scaling":
        curves = groups(suite["jobs"]).items()
        return "\n\n".join(
            _table({"title": f"{suite['title']}: {name}", "jobs": jobs}) for name, jobs in curves
        )
    return _grid(suite) if suite["grid"] else _table(suite)


def _table(suite: Record) -> str:
    """A row per peer, a column per job."""
    jobs = [job for job in suite["jobs"] if job["entries"]]
    peers = peers_of(jobs).items()
    rows = [[label, *(_cell(job, entry_of(job, module)) for job in jobs)] for module, label in peers]
    heading = ["", *(job["name"] for job in jobs)]
    return f"**{suite['title']}** (per {jobs[0]['shown'][1]})\n\n{_rows(heading, rows)}"


def _cell(job: Record, entry: Record | None) -> str:
    """How long it takes; in brackets against the faster of ours."""
    if entry is None:
        return "–"
    ours, value = our_best(job), text(job, amount(job, entry).median)
    if ours is None or entry in our_entries(job):
        return value
    return f"{value} ({digits(ratio(entry, ours).median)}×)"


def _grid(suite: Record) -> str:
    """A row per group of jobs, a column per peer: the geometric mean of how many times as fast we are."""
    peers = {m: label for m, label in peers_of(suite["jobs"]).items() if not m.startswith("ours")}
    rows = []
    for name, jobs in groups(suite["jobs"]).items():
        means = [mean_ratio(jobs, module) for module in (*peers, None)]
        rows.append([name, str(len(jobs)), *("–" if mean is None else f"{digits(mean)}×" for mean in means)])
    heading = ["", "jobs", *(f"as fast as {label}" for label in peers.values()), "as the fastest in each"]
    return f"**{suite['title']}** (geometric means)\n\n{_rows(heading, rows)}"


def _rows(heading: list[str], rows: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heading, rule, *rows])


def _footer(results: Record) -> str:
    machine, plan = results["machine"], results["plan"]
    versions: dict[str, str] = {}
    for suite in results["suites"]:
        for job in suite["jobs"]:
            for entry in job["entries"]:
                versions |= entry["versions"]
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    threads = " or ".join(map(str, plan["threads"]))
    return (
        f"Medians of up to {plan['rounds']} rounds in which all took turns, fewer where the first agreed, "
        f"each in a process of its own, at its fastest of {threads} thread(s) and, chosen beforehand on one, "
        "of its other settings. In brackets: how many times as long as ours (the faster of the two), the "
        "median of the ratios within rounds. What is shorter than 0.2 s "
        "ran once more just before it was timed. All computed the same results, checked beforehand. "
        f"{machine['processor']}, {machine['cores']} cores, "
        f"{machine['system']}; {listed}. Measured on {results['created'][:10]} by `{results['command']}`."
    )


def rewrite(readme: Path, results: Record) -> None:
    """Put the results between the marks of a README. Raises ValueError if it does not have them once."""
    between(readme, BEGIN, END, markdown(results))


def between(page: Path, begin: str, end: str, text: str) -> None:
    """Put a text between two marks of a page. Raises ValueError if it does not have them once."""
    content = page.read_text(encoding="utf-8")
    if content.count(begin) != 1 or content.count(end) != 1 or content.index(begin) > content.index(end):
        raise ValueError(f"{page} needs these two lines, once and in this order:\n{begin}\n{end}")
    before, rest = content.split(begin)
    _, after = rest.split(end)
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
