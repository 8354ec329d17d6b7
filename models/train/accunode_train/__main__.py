"""`python -m accunode_train build|check|bins|rate|pages [annual|quarterly ...]`"""

import argparse
import json
import sys
from pathlib import Path

from accunode_train import artefact, manifest, monitoring
from accunode_train.check import check
from accunode_train.pooled import build as pooled
from accunode_train.pooled import pages, rated

MODELS = Path(__file__).resolve().parents[2]
KINDS = ("annual", "quarterly")
RELEASES = {artefact.VERSION: artefact.RELEASE, pooled.VERSION: pooled.RELEASE}
"""Versions with the builder of each kind; the last one is what the report is about."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="accunode_train", description=__doc__)
    parser.add_argument("command", choices=("build", "check", "bins", "rate", "pages"))
    parser.add_argument("kinds", nargs="*", default=[], help="default: every kind")
    parser.add_argument("--out", type=Path, default=MODELS, help="the folder of the artefacts")
    parser.add_argument("--version", choices=RELEASES, help="default: every version")
    parser.add_argument(
        "--replace", action="store_true", help="overwrite a version although its results change"
    )
    arguments = parser.parse_args()
    unknown = set(arguments.kinds) - set(KINDS)
    if unknown:
        parser.error(f"unknown kind: {', '.join(sorted(unknown))}")
    docs = (MODELS.parent if arguments.out == MODELS else arguments.out) / "docs"
    failed = False
    if arguments.command == "rate":
        print(json.dumps(rated.rate(arguments.out / "annual" / pooled.VERSION), indent=2))
        return 0
    if arguments.command in ("build", "check"):
        for version, kind in _chosen(arguments):
            folder = arguments.out / kind / version
            if arguments.command == "build":
                failed |= not _build(kind, version, folder, arguments.replace)
            else:
                failed |= not _check(kind, version, folder)
    if arguments.command == "bins":
        for version, kind in _chosen(arguments):
            _bins(kind, version, arguments.out / kind / version)
        return 0
    if arguments.command == "check":
        return int(failed or not _check_pages(arguments.out, docs))
    if not failed and all((arguments.out / kind / pooled.VERSION).exists() for kind in KINDS):
        pages.write(arguments.out, docs, pooled.VERSION)
        print(f"the report is in {docs / 'models'}")
    return int(failed)


def _chosen(arguments: argparse.Namespace) -> list[tuple[str, str]]:
    versions = [arguments.version] if arguments.version else list(RELEASES)
    return [(version, kind) for version in versions for kind in arguments.kinds or KINDS]


def _build(kind: str, version: str, folder: Path, replace: bool) -> bool:
    """A published version never changes its results: predictions stored with it must reproduce."""
    if (folder / "manifest.json").exists() and not replace:
        differences = check(folder, _rebuilt(kind, version, folder))
        if differences:
            print(f"{kind} {version}: exists with other results; a change needs a version of its own, or --replace")
            print("\n".join(f"  {d}" for d in differences))
            return False
        print(f"{kind} {version}: unchanged")
        return True
    built = monitoring.added(kind, version, RELEASES[version][kind](), Path())
    built.write(folder)
    print(f"{kind} {version}: written to {folder}")
    return True


def _check(kind: str, version: str, folder: Path) -> bool:
    differences = check(folder, _rebuilt(kind, version, folder))
    print(f"{kind} {version}: {'ok' if not differences else 'DIFFERENT'}")
    print("".join(f"  {d}\n" for d in differences), end="")
    return not differences


def _rebuilt(kind: str, version: str, folder: Path) -> artefact.Artefact:
    return monitoring.added(kind, version, RELEASES[version][kind](), folder)


def _bins(kind: str, version: str, folder: Path) -> None:
    """What monitoring needs follows from the committed graph and the data: nothing is trained."""
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    facts |= monitoring.facts(kind, version, (folder / "model.onnx").read_bytes(), facts)
    (folder / "manifest.json").write_text(manifest.text(facts), encoding="utf-8")
    print(f"{kind} {version}: label and monitoring written")


def _check_pages(models: Path, docs: Path) -> bool:
    differences = pages.differences(models, docs, pooled.VERSION)
    print("".join(f"{d} does not follow from the artefacts\n" for d in differences), end="")
    return not differences


if __name__ == "__main__":
    sys.exit(main())
