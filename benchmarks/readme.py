"""Results as Markdown, and into the README between its two marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .statistics import digits, our_entries, ratio, seconds, si_time

BEGIN = "<!-- benchmarks: written by `python -m benchmarks readme`, not by hand -->"
END = "<!-- end of benchmarks -->"


def markdown(results: dict[str, Any]) -> str:
    """A table per suite: a row per peer, a column per job."""
    parts = []
    for suite in results["suites"]:
        jobs = [job for job in suite["jobs"] if job["entries"]]
        if not jobs:
            continue
        peers = list(dict.fromkeys(e["peer"] for job in jobs for e in job["entries"]))
        lines = [
            f"**{suite['title']}**" + (f", time per {jobs[0]['shown'][1]}" if jobs else ""),
            "",
            "| | " + " | ".join(job["name"] for job in jobs) + " |",
            "|---|" + "---:|" * len(jobs),
        ]
        for peer in peers:
            lines.append(f"| {peer} | " + " | ".join(_cell(job, peer) for job in jobs) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, _footer(results)])


def _cell(job: dict[str, Any], peer: str) -> str:
    """The time, and against our fastest entry how many times as long that is."""
    entry = next((e for e in job["entries"] if e["peer"] == peer), None)
    if entry is None:
        return "–"
    time = si_time(seconds(job, entry).median)
    ours = min(our_entries(job), key=lambda e: seconds(job, e).median, default=None)
    return time if ours is None or ours is entry else f"{time} ({digits(ratio(entry, ours).median)}×)"


def _footer(results: dict[str, Any]) -> str:
    machine, plan = results["machine"], results["plan"]
    versions: dict[str, str] = {}
    for suite in results["suites"]:
        for job in suite["jobs"]:
            for entry in job["entries"]:
                versions |= entry["versions"]
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return (
        f"Median of {plan['rounds']} rounds in which all took turns, each in a process of its own, at its "
        f"fastest of {' or '.join(map(str, plan['threads']))} threads and other settings; in brackets, how "
        "many times as long as ours, the median of the ratios within rounds. All computed the same results, "
        f"checked beforehand. {machine['processor']}, {machine['cores']} cores, {machine['system']}; "
        f"{listed}. "
        f"Made on {results['created'][:10]} by `python -m benchmarks{' --quick' if plan['quick'] else ''}`."
    )


def rewrite(readme: Path, results: dict[str, Any]) -> None:
    """Put the results between the marks of a README. Raises ValueError if it does not have them once."""
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"{readme} needs these two lines, once and in this order:\n{BEGIN}\n{END}")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    readme.write_text(f"{before}{BEGIN}\n\n{markdown(results)}\n\n{END}{after}", encoding="utf-8")
