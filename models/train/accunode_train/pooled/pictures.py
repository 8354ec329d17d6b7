"""The pictures of the report, from the figures of the validation."""

from accunode_train.pooled.svg import COLOURS, Axis, Plot, document

TITLES = {"logistic": "curves", "gbm": "trees", "ensemble": "blend (served)"}
PERCENT = [
    (0.0001, "0.01 %"), (0.001, "0.1 %"), (0.01, "1 %"), (0.03, "3 %"),
    (0.1, "10 %"), (0.3, "30 %"), (1.0, "100 %"),
]  # fmt: skip


def draw(facts: dict, validation: dict) -> dict[str, str]:
    """SVG text by the name of the file, without `.svg`."""
    kind = facts["kind"]
    pictures = {
        f"{kind}-discrimination": discrimination(facts, validation),
        f"{kind}-calibration": calibration(validation),
        f"{kind}-pd": distributions(facts, validation),
        f"{kind}-curves": curves(facts, validation),
    }
    if validation.get("rated"):
        pictures[f"{kind}-ratings"] = ratings(facts, validation["rated"])
    return pictures


def discrimination(facts: dict, validation: dict) -> str:
    rows = scored_rows(facts, validation)
    populations = list(validation["cross_validation"])
    height = 110 + 34 * len(rows)
    ticks = [(tick / 20, f"{tick / 20:.2f}") for tick in range(6, 19)]
    names = [(len(rows) - at - 0.5, name) for at, (name, _) in enumerate(rows)]
    plot = Plot(
        Axis(0.30, 0.90, ticks, "AUC with its 95 % interval, on companies that were not learned from"),
        Axis(0, len(rows), names),
        "How well risky and sound companies are told apart",
        width=900,
        height=height,
        left=330,
    )
    for at, (_, found) in enumerate(rows):
        for which, population in enumerate(populations):
            if population not in found:
                continue
            value, (low, high) = found[population]
            y = len(rows) - at - 0.5 + (0.16 if which == 0 else -0.16)
            plot.bar((low, y), (high, y), COLOURS[which], 4)
            plot.dot(value, y, COLOURS[which], 5)
    plot.legend([(name, COLOURS[at]) for at, name in enumerate(populations)])
    return document([plot])


def scored_rows(facts: dict, validation: dict) -> list[tuple[str, dict]]:
    """What is compared, by name: an AUC and its interval for each population."""
    rows = []
    populations = validation["cross_validation"]
    names = list(next(iter(populations.values()))["scores"])
    for name in reversed(names):
        title = f"{facts['kind']} {facts['version']}"
        title += f": {TITLES[name]}" if len(names) > 1 else ""
        found = {}
        for population, told in populations.items():
            auc = told["scores"][name]["auc"]
            found[population] = (auc["mean"], auc["interval_95"])
        rows.append((title, found))
    for other in validation["comparison"]:
        found = {p: (auc["value"], auc["interval_95"]) for p, auc in other["auc"].items()}
        rows.append((other["name"], found))
    return rows


def calibration(validation: dict) -> str:
    plots = []
    for at, (population, told) in enumerate(validation["cross_validation"].items()):
        # No tenth without a bankruptcy fits on such a scale: it stands on the lower edge.
        plot = Plot(
            Axis(0.002, 0.6, _within(0.002, 0.6), "predicted share of bankruptcies", log=True),
            Axis(0.002, 0.6, _within(0.002, 0.6), "observed share", log=True),
            f"{population}: tenths of the companies",
            width=470,
            height=400,
        )
        plot.line([(0.002, 0.002), (0.6, 0.6)], "#888888", dashed=True)
        for tenth in told["calibration"]:
            x, (low, high) = tenth["predicted"], tenth["interval_95"]
            plot.bar((x, max(low, 0.002)), (x, high), COLOURS[at], 4)
            plot.dot(x, tenth["observed"], COLOURS[at], hollow=tenth["observed"] == 0)
        plots.append(plot)
    return document(plots, columns=2)


def distributions(facts: dict, validation: dict) -> str:
    populations = validation["cross_validation"]
    edges = next(iter(populations.values()))["pd"]["edges"]
    bins = [edges[0] / 2, *edges, 1.0]
    labels = [(edge, f"{100 * edge:.3g} %") for edge in edges]
    most = max(max(told["pd"]["shares"]) for told in populations.values())
    top = 0.1 * (int(most / 0.1) + 1)
    plot = Plot(
        Axis(bins[0], 1.0, labels, "PD, each bin twice the one before", log=True),
        Axis(0, top, [(0.1 * t, f"{10 * t} %") for t in range(int(round(top / 0.1)) + 1)], "of the companies"),
        f"PDs at a target default rate of {100 * facts['target_default_rate']:.1f} %",
        width=760,
    )
    count = len(populations)
    for which, told in enumerate(populations.values()):
        for low, high, share in zip(bins[:-1], bins[1:], told["pd"]["shares"], strict=True):
            ratio = high / low
            a = low * ratio ** (0.08 + 0.84 * which / count)
            b = low * ratio ** (0.08 + 0.84 * (which + 1) / count)
            plot.box(a, b, 0, share, COLOURS[which])
    plot.legend([(name, COLOURS[at]) for at, name in enumerate(populations)], right=True)
    return document([plot])


def curves(facts: dict, validation: dict) -> str:
    plots = []
    every = [c for curve in validation["curves"] for c in curve["contribution"]]
    low, high = 0.5 * (int(min(every) / 0.5) - 1), 0.5 * (int(max(every) / 0.5) + 1)
    steps = round((high - low) / 0.5)
    ticks = [(low + 0.5 * at, f"{low + 0.5 * at:+.1f}") for at in range(steps + 1)]
    for at, (curve, told) in enumerate(zip(validation["curves"], facts["inputs"], strict=True)):
        share = told["unit"] == "fraction"
        span = told["max"] - told["min"]
        marks = [told["min"] + span * part / 4 for part in range(5)]
        labels = [(m, f"{100 * m:.0f} %" if share else f"{m:.4g}") for m in marks]
        plot = Plot(
            Axis(told["min"], told["max"], labels, told["label"].replace(" (trailing twelve months)", "")),
            Axis(low, high, ticks, "added to the log-odds"),
            width=380,
            height=300,
            top=20,
        )
        plot.line([(told["min"], 0.0), (told["max"], 0.0)], "#888888", dashed=True)
        plot.line(list(zip(curve["x"], curve["contribution"], strict=True)), COLOURS[at % len(COLOURS)])
        plots.append(plot)
    return document(plots, columns=3)


def ratings(facts: dict, rated: dict) -> str:
    classes = rated["classes"]
    names = [(at + 0.5, f"{c['class']}".replace("CCC and below", "≤ CCC")) for at, c in enumerate(classes)]
    plot = Plot(
        Axis(0, len(classes), names, "agency rating"),
        Axis(0.0001, 0.6, _within(0.0001, 0.6), "within a year", log=True),
        "Model and agencies: US companies by rating",
        width=760,
        height=400,
    )
    for at, found in enumerate(classes):
        low, median, high = found["pd_quartiles"]
        x = at + 0.4
        plot.bar((x, low), (x, high), COLOURS[0], 10)
        plot.dot(x, median, COLOURS[0])
        rate = found["long_run_default_rate"]
        plot.dot(at + 0.6, max(rate, 0.0001), COLOURS[1], hollow=rate == 0)
    plot.legend(
        [
            (f"PD at a target rate of {100 * facts['target_default_rate']:.1f} %: median, quartiles", COLOURS[0]),
            ("long-run default rate of the class", COLOURS[1]),
        ]
    )
    return document([plot])


def _within(low: float, high: float) -> list[tuple[float, str]]:
    ticks = [(0.003, "0.3 %"), *PERCENT] if low > 0.0005 else PERCENT
    return sorted(t for t in ticks if low <= t[0] <= high)
