"""The model card, written from the manifest so that the two cannot disagree."""

TITLES = {"logistic": "logistic", "gbm": "gradient boosting", "ensemble": "ensemble (served)"}


def render(facts: dict) -> str:
    """Markdown."""
    parts = [
        _purpose(facts),
        _inputs(facts),
        _data(facts),
        _method(facts),
        _figures(facts),
        _meaning(facts),
        _limits(facts),
    ]
    return "\n".join(parts)


def _purpose(facts: dict) -> str:
    return f"""# Model card: {facts["name"]} {facts["version"]}

{facts["description"]}

- **Made for**: ranking and screening companies by default risk, and a first estimate of the
  probability of default (PD) over {facts["training"]["horizon_months"]} months, with reasons.
- **Not made for**: the only ground of a decision about credit, employment or a person;
  regulatory capital; companies outside the scope below.
- **Created**: {facts["created"]}. ONNX SHA-256 `{facts["sha256"]}`.
"""


def _inputs(facts: dict) -> str:
    rows = "\n".join(
        f"| `{i['name']}` | {i['unit']} | {_n(i['min'])} … {_n(i['max'])} | {_n(i['p1'])} … {_n(i['p99'])} "
        f"| {_n(i['median'])} | {i['missing_share']:.1%} | {i['importance']:.0%} |"
        for i in facts["inputs"]
    )
    text = f"""## Inputs

| ratio | unit | range | training 1 %–99 % | median | missing | weight |
|---|---|---|---|---|---|---|
{rows}

A fraction is a share of one (0.05 is 5 %); a multiple is never divided by 100. Values outside
the range are brought to the nearest bound; a negative debt ratio means that earnings, equity
or capital are not positive and counts as the **worst** bound, never as 0.
"""
    if facts["kind"] == "quarterly":
        text += """
Turnovers are trailing twelve-month figures: a single quarter's flow over the stock would be
about a quarter of what the model has learned.
"""
    return text


def _data(facts: dict) -> str:
    training = facts["training"]
    median = "" if facts["kind"] == "annual" else "\n  and counts as the training median for the trees"
    text = f"""## Training data

{training["dataset"]}.
{training["rows"]:,} statements, {training["defaults"]} of them followed by bankruptcy within {training["horizon_months"]} months ({facts["base_rate"]:.2%}); {training["duplicates_dropped"]} exact duplicates left out.
Period: {training["period"]}.
Licence: {training["licence"]}; {training["citation"]}.
Changes: {training["changes"]}.

What is known about it:

- Vendors leave out ratios for reasons of their own, so **a missing ratio is not good news and
  not bad news here: it is no news**. It contributes exactly 0 to the logistic model{median}.
  The PD then rests on the other ratios, and the confidence falls."""
    if facts["kind"] == "annual":
        coverage = next(i for i in facts["inputs"] if i["name"] == "ebit_to_interest_expense")
        text += f"""
- Coverage is EBIT over all financial expenses and is missing for {coverage["missing_share"]:.0%} of the rows. It adds little
  beside the other four ratios, as its weight shows.
- Debt/EBITDA is missing for hardly any training row because non-positive EBITDA was kept as the
  worst bound. Vendors often blank it instead: a missing debt/EBITDA may hide a firm without earnings.
- The bounds carry meaning. Of the firms at the bound of debt/EBITDA (50) 27 % went bankrupt, at that
  of long-term debt/capital (2) 33 %, against 4.4 % where debt/EBITDA is at most 0.2."""
    else:
        text += """
- The bounds carry meaning: of the firms at the bound of debt/equity (5) 20 % went bankrupt.
- The statements of the sample are annual; "quarterly" says how the ratios arrive, not what was
  trained on. Seasonal balance sheets may mislead the model."""
    return (
        text
        + """
- "Total debt" of the source is total liabilities, so levels differ from those of large US
  companies, where it is interest-bearing debt.
"""
    )


def _method(facts: dict) -> str:
    text = """## Method

Each ratio is cut into 20 quantile bins, pooled until the default rate moves one way only and
joined until every bin holds at least 4 % of the rows. The weights of evidence of the bins enter
a logistic regression with an L2 penalty, calibrated (Platt) on out-of-fold scores. All weights
are positive, so evidence for default never lowers the PD."""
    if facts["kind"] == "quarterly":
        blend = facts["ensemble"]
        text += f"""

The trees are 120 × 6 leaves at a learning rate of 0.05 (LightGBM), monotone in current ratio,
quick ratio and working capital (down) and debt/equity (up), free in the turnovers; missing values
are the training medians; calibrated in the same way. The ensemble blends the two log-odds with
weight {blend["weight_gbm"]} on the trees and is calibrated once more."""
    return text + "\n"


def _figures(facts: dict) -> str:
    metrics = facts["metrics"]
    rows = []
    for name, m in metrics.items():
        low, high = m["auc"]["interval_95"]
        cells = (f"{_pm(m[k])}" for k in ("auc", "ks", "brier", "log_loss"))
        title = TITLES[name] if len(metrics) > 1 else name
        rows.append(f"| {title} | {' | '.join(cells)} | {low:.3f} … {high:.3f} |")
    base = facts["base_rate"]
    comparison = "\n".join(
        f"| *{c['name'].replace('_', ' ')}* | {_pm(c['auc'])} | | | | |" for c in facts["comparison"]
    )
    learned = "bins, weights" if facts["kind"] == "annual" else "bins, weights, trees"
    text = f"""## Figures

Five-fold cross-validation, twice; {learned} and calibration are learned again inside
every fold. Mean ± standard deviation over the folds; the last column is a 95 % bootstrap
interval of the AUC of the out-of-fold scores. All figures are on the sample's scale, before the
prior correction. Guessing the base rate gives a Brier score of {base * (1 - base):.4f}.

| | AUC | KS | Brier | log loss | AUC interval |
|---|---|---|---|---|---|
{chr(10).join(rows)}
{comparison}

The spread is that of folds with about {facts["training"]["defaults"] // 5} bankruptcies each: a single split can look several
points better or worse, and no lucky one is quoted here. The model's form and penalties were chosen
on the same data, which flatters it slightly."""
    if facts["kind"] == "quarterly":
        gain = metrics["ensemble"]["auc"]["mean"] - metrics["gbm"]["auc"]["mean"]
        text += f"""
The ensemble does not beat the trees alone in any way that matters (AUC {gain:+.4f}, far inside the
spread). It is served because it leans less on one form of model, and because the distance of its
two halves says something about how sure the number is."""
    else:
        alone = facts["comparison"][0]["auc"]["mean"]
        text += f"""
Debt/EBITDA alone, on the same folds, already gives {alone:.3f}: most of the signal is there, and the
other ratios add to it."""
    return text + "\n"


def _meaning(facts: dict) -> str:
    target, base = facts["target_default_rate"], facts["base_rate"]
    medium, high = facts["thresholds"]["medium"], facts["thresholds"]["high"]
    agreement = (
        "1 / (1 + standard error of the log-odds)"
        if facts["kind"] == "annual"
        else "1 − |difference of the percentile ranks the two halves give the firm|"
    )
    reasons = (
        "Reasons are contributions minus their training means: exact and additive on the log-odds."
        if facts["kind"] == "annual"
        else "Reasons are exact Shapley values of the ensemble's log-odds against the training medians."
    )
    return f"""## What the numbers mean

- **PD**: {base:.1%} of the sample went bankrupt; a population has fewer. With p the probability on the
  sample's scale, PD = p·k / (p·k + 1 − p), k = [π/(1−π)]·[(1−π_s)/π_s], π_s = {base:.6f} and π = {target} the
  target default rate. π is an assumption; set your own where you know it. It moves levels, not ranks.
- **Level**: Low below {medium}, Medium below {high}, High from there on (absolute PDs).
- **Confidence**: how well the inputs support the number, *not* the chance of being right:
  c · (0.5 + 0.5·s) · g, where c is the weighted share of ratios present, s the weighted share of
  those inside the training 1 %–99 % range, and g = {agreement}.
- {reasons}
"""


def _limits(facts: dict) -> str:
    sectors = ", ".join(facts["scope"]["out_of_scope_sectors"])
    return f"""## Limits

- One country, one accounting regime, before 2014. Other countries, large listed firms and other
  times of the cycle were not tested; expect ranks to travel better than levels.
- Bankruptcy stands for default: missed payments without bankruptcy are not in the label.
- Statements of one firm are not linked in the source, so siblings of a training row may sit in a
  test fold; only exact duplicates could be left out.
- Ratios only: no size, no age, no market price, no trend, no fraud.
- Out of scope, flagged `sector_out_of_scope`: {sectors}.
- Watch calibration against your own defaults and rebuild when it drifts.
"""


def _pm(figure: dict) -> str:
    return f"{figure['mean']:.3f} ± {figure['sd']:.3f}"


def _n(value: float) -> str:
    return f"{value:.4g}"
