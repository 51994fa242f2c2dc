"""What an installation consists of, as CycloneDX JSON: python tools/sbom.py > sbom.json

The package and everything it requires, to any depth, with the versions and licences that are installed here;
`--extra NAME` adds an extra's.
"""

from __future__ import annotations

import argparse
import json
import re
from importlib import metadata
from typing import Any

PACKAGE = "tinygrad_mnist"


def required(name: str, extras: frozenset[str] = frozenset()) -> list[str]:
    """The names a distribution requires here, those of its extras included, where they are installed."""
    names = []
    for requirement in metadata.requires(name) or ():
        text, _, marker = requirement.partition(";")
        asked = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", marker)
        if asked and asked[1] not in extras:
            continue
        word = re.match(r"[\w.-]+", text.strip())
        if word:
            names.append(word[0])
    return names


def component(name: str) -> dict[str, Any]:
    """A distribution as CycloneDX describes it."""
    found = metadata.metadata(name)
    version = found["Version"]
    licence = found.get("License-Expression") or found.get("License") or ""
    said = {"expression": licence} if found.get("License-Expression") else {"license": {"name": licence[:80]}}
    purl = f"pkg:pypi/{re.sub('[-_.]+', '-', name).lower()}@{version}"
    made = {"type": "library", "bom-ref": purl, "name": found["Name"], "version": version, "purl": purl}
    return {**made, "licenses": [said]} if licence else made


def bill(extras: frozenset[str]) -> dict[str, Any]:
    """The whole bill of materials."""
    own = component(PACKAGE)
    waiting, seen = required(PACKAGE, extras), {}
    depends: dict[str, list[str]] = {}
    while waiting:
        name = waiting.pop()
        key = re.sub("[-_.]+", "-", name).lower()
        if key in seen:
            continue
        try:
            seen[key] = component(name)
        except metadata.PackageNotFoundError:
            continue  # for another platform or Python
        depends[key] = required(name)
        waiting += depends[key]
    refs = {key: item["bom-ref"] for key, item in seen.items()}
    links = {own["bom-ref"]: required(PACKAGE, extras)} | {refs[key]: depends[key] for key in seen}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**own, "type": "application"}},
        "components": sorted(seen.values(), key=lambda item: item["name"].lower()),
        "dependencies": [
            {
                "ref": ref,
                "dependsOn": sorted(
                    {refs[key] for name in names if (key := re.sub("[-_.]+", "-", name).lower()) in refs}
                ),
            }
            for ref, names in links.items()
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extra", nargs="*", default=[])
    print(json.dumps(bill(frozenset(parser.parse_args().extra)), indent=2))


if __name__ == "__main__":
    main()
