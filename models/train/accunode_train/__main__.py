"""`python -m accunode_train build|check [annual|quarterly ...]`"""

import argparse
import json
import sys
from pathlib import Path

from accunode_train import artefact
from accunode_train.artefact import KINDS, VERSIONS
from accunode_train.check import check

MODELS = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="accunode_train", description=__doc__)
    parser.add_argument("command", choices=("build", "check"))
    parser.add_argument("kinds", nargs="*", default=[], help="default: every kind")
    parser.add_argument("--out", type=Path, default=MODELS, help="the folder of the artefacts")
    parser.add_argument(
        "--replace", action="store_true", help="overwrite a version although its results change"
    )
    arguments = parser.parse_args()
    unknown = set(arguments.kinds) - set(KINDS)
    if unknown:
        parser.error(f"unknown kind: {', '.join(sorted(unknown))}")
    failed = False
    for kind in arguments.kinds or KINDS:
        folder = arguments.out / kind / VERSIONS[kind]
        if arguments.command == "build":
            failed |= not _build(kind, folder, arguments.replace)
        else:
            failed |= not _check(kind, folder)
    return int(failed)


def _build(kind: str, folder: Path, replace: bool) -> bool:
    """A published version never changes its results: predictions stored with it must reproduce."""
    if (folder / "manifest.json").exists() and not replace:
        differences = check(kind, folder)
        if differences:
            print(f"{kind}: this version exists with other results; raise VERSIONS or use --replace")
            print("\n".join(f"  {d}" for d in differences))
            return False
        print(f"{kind}: unchanged")
        return True
    built = artefact.build(kind)
    built.write(folder)
    print(f"{kind}: written to {folder}")
    print(json.dumps(built.manifest["metrics"], indent=2))
    return True


def _check(kind: str, folder: Path) -> bool:
    differences = check(kind, folder)
    print(f"{kind}: {'ok' if not differences else 'DIFFERENT'}")
    print("".join(f"  {d}\n" for d in differences), end="")
    return not differences


if __name__ == "__main__":
    sys.exit(main())
