"""Does a rebuild give the committed artefact? Graph, golden rows, manifest and card."""

import hashlib
import json
from pathlib import Path

from accunode_train import artefact, golden
from accunode_train.artefact import Artefact


def check(folder: Path, rebuilt: Artefact) -> list[str]:
    """What differs, in words; empty when everything holds."""
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    model = (folder / "model.onnx").read_bytes()
    inputs, expected = golden.read(folder / "golden.csv", len(facts["inputs"]))

    differences = []
    if hashlib.sha256(model).hexdigest() != facts["sha256"]:
        differences.append("model.onnx does not have the hash in the manifest")
    if len(inputs) != facts["golden"]["rows"]:
        differences.append("golden.csv does not have the number of rows in the manifest")
    for who, outputs in (
        ("the committed graph", artefact.run_graph(model, facts, inputs)),
        ("the rebuild", artefact.expected_outputs(rebuilt.log_odds(inputs), rebuilt.manifest)),
    ):
        try:
            artefact.require_close(outputs, expected, who)
        except ValueError as error:
            differences.append(str(error))
    # Another processor may round a weight to the next grid point; the golden rows decide on that.
    differences += _compare(facts | {"sha256": ""}, rebuilt.manifest | {"sha256": ""}, "manifest")
    if rebuilt.validation is not None:
        told = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
        kept = told | {"sha256": "", "rated": None}
        differences += _compare(kept, rebuilt.validation | {"sha256": "", "rated": None}, "validation")
        card = rebuilt.render(facts, told)
    else:
        card = rebuilt.render(facts, None)
    if (folder / "CARD.md").read_text(encoding="utf-8") != card:
        differences.append("CARD.md does not follow from manifest and validation")
    return differences


def _compare(committed: object, rebuilt: object, where: str) -> list[str]:
    if isinstance(committed, dict) and isinstance(rebuilt, dict):
        if committed.keys() != rebuilt.keys():
            return [f"{where}: other fields"]
        return [d for k in committed for d in _compare(committed[k], rebuilt[k], f"{where}.{k}")]
    if isinstance(committed, list) and isinstance(rebuilt, list):
        if len(committed) != len(rebuilt):
            return [f"{where}: other length"]
        pairs = zip(committed, rebuilt, strict=True)
        return [d for i, (c, r) in enumerate(pairs) for d in _compare(c, r, f"{where}[{i}]")]
    if isinstance(committed, float) and isinstance(rebuilt, (float, int)):
        close = abs(committed - rebuilt) <= golden.TOLERANCE * max(1.0, abs(committed))
        return [] if close else [f"{where}: {committed} is now {rebuilt}"]
    return [] if committed == rebuilt else [f"{where}: {committed!r} is now {rebuilt!r}"]
