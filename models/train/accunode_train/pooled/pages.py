"""The pages of the validation report: Markdown and pictures under `docs/models`, and its part of `docs/models.md`."""

import json
from pathlib import Path

from accunode_train.pooled import card
from accunode_train.pooled.pictures import TITLES, draw, scored_rows

BEGIN, END = "<!-- validation: begin, written by `make models` -->", "<!-- validation: end -->"


def write(models: Path, docs: Path, version: str) -> None:
    """Write the report and the cards of this version of both kinds, from the figures that lie there."""
    folder = docs / "models"
    folder.mkdir(parents=True, exist_ok=True)
    for kind in ("annual", "quarterly"):
        text = card.render(*_read(models / kind / version))
        (models / kind / version / "CARD.md").write_text(text, encoding="utf-8")
    for path, text in pages(models, version).items():
        (folder / path).write_text(text, encoding="utf-8")
    book = docs / "models.md"
    if book.exists():
        book.write_text(with_summary(book.read_text(encoding="utf-8"), models, version), encoding="utf-8")


def differences(models: Path, docs: Path, version: str) -> list[str]:
    """Files that do not follow from the artefacts."""
    wrong = [
        f"docs/models/{path}"
        for path, text in pages(models, version).items()
        if not (docs / "models" / path).exists()
        or (docs / "models" / path).read_text(encoding="utf-8") != text
    ]
    book = (docs / "models.md").read_text(encoding="utf-8")
    return wrong + (["docs/models.md"] if with_summary(book, models, version) != book else [])


def pages(models: Path, version: str) -> dict[str, str]:
    """Every file of the report by its name."""
    files = {}
    for kind in ("annual", "quarterly"):
        facts, validation = _read(models / kind / version)
        files |= {f"{name}.svg": text for name, text in draw(facts, validation).items()}
        files[f"{kind}.md"] = page(facts, validation)
    return files


def with_summary(book: str, models: Path, version: str) -> str:
    """`docs/models.md` with its table of figures."""
    before, rest = book.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{summary(models, version)}{END}{after}"


def summary(models: Path, version: str) -> str:
    rows = []
    for kind in ("annual", "quarterly"):
        facts, validation = _read(models / kind / version)
        for name, found in scored_rows(facts, validation)[: 1 if kind == "annual" else 3]:
            rows.append(f"| {name} | " + " | ".join(_interval(*auc) for auc in found.values()) + " |")
        populations = list(found)
        split = validation["time_split"]
        served = list(split["auc"])[-1]
        auc = split["auc"][served]
        time = _interval(auc["value"], auc["interval_95"])
        rows.append(f"| {kind} {version}, after {split['last_training_year']} | – | {time} |")
    return (
        f"| AUC, with its 95 % interval | {' | '.join(populations)} |\n|---|{'---|' * len(populations)}\n"
        + "\n".join(rows)
        + "\n"
    )


def page(facts: dict, validation: dict) -> str:
    kind, version = facts["kind"], facts["version"]
    populations = list(validation["cross_validation"])
    compared = "\n".join(
        f"| {name} | " + " | ".join(_interval(*found[p]) if p in found else "–" for p in populations) + " |"
        for name, found in scored_rows(facts, validation)
    )
    split, served = validation["time_split"], list(validation["time_split"]["auc"])[-1]
    unlike = "\n".join(
        f"| {population} | "
        + " | ".join(_interval(a["value"], a["interval_95"]) for a in found["auc"].values())
        + f" | {found['events']} of {found['rows']:,} |"
        for population, found in (
            *((f"{p}, taught by the other country", f) for p, f in validation["across"].items()),
            (f"US after {split['last_training_year']}, taught by what was before", split),
        )
    )
    names = [TITLES[name] for name in split["auc"]]
    folds = "\n".join(
        f"| {population} | {told['scores'][served]['auc']['min']:.3f} … {told['scores'][served]['auc']['max']:.3f} "
        f"| {100 * told['pd']['mean']:.2f} % | {100 * told['pd']['distinct']:.1f} % |"
        for population, told in validation["cross_validation"].items()
    )
    text = f"""# Validation of {kind} {version}

Written by `make models` from the data in `models/train/data`; every figure is of companies that the scoring
model did not learn from. What the model is for and what it cannot say: its
[card](../../models/{kind}/{version}/CARD.md).

## Discrimination

The AUC is the share of pairs of a bankrupt and a surviving company that are ordered rightly; 0.5 is a coin.
Five-fold cross-validation, twice; intervals by a bootstrap of the out-of-fold scores.

![AUC of the model, of trees, of Altman's Z'' and of single ratios](./{kind}-discrimination.svg)

| | {" | ".join(populations)} |
|---|{"---|" * len(populations)}
{compared}

## Stability

| | {" | ".join(names)} | bankruptcies |
|---|{"---|" * (len(names) + 1)}
{unlike}

| served score | AUC of the ten folds | mean PD | distinct PDs |
|---|---|---|---|
{folds}

Rows of a population that are equal in all ratios get the same PD, so less than all PDs can be distinct.

## Calibration

Tenths of the companies by their predicted probability, at the population's own rate of bankruptcies; bars are
95 % intervals. On the line, as many went bankrupt as was said; below it, fewer. A hollow mark on the lower edge is a
tenth without any bankruptcy.

![Predicted and observed shares of bankruptcies](./{kind}-calibration.svg)

## How far PDs spread

![Histogram of PDs](./{kind}-pd.svg)

## What each ratio does

What a value adds to the log-odds, before the base; 0 is what a missing ratio gets. 0.7 doubles the odds.{_of_curves(kind)}

![The curve of each ratio](./{kind}-curves.svg)
"""
    if validation.get("rated"):
        text += f"""
## Beside agency ratings

{validation["rated"]["rows"]:,} US company-years that nothing was learned from. The bars run from the lower to the upper
quartile. The hollow mark: no AAA company is known to have defaulted within a year.

![PDs by rating class and the long-run default rate of the class](./{kind}-ratings.svg)
"""
    return text


def _of_curves(kind: str) -> str:
    return "" if kind == "annual" else "\nThese are the curves alone; the trees have four fifths of the blend's weight."


def _interval(value: float, interval: list[float]) -> str:
    return f"{value:.3f} ({interval[0]:.3f} … {interval[1]:.3f})"


def _read(folder: Path) -> tuple[dict, dict]:
    return tuple(
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("manifest.json", "validation.json")
    )
