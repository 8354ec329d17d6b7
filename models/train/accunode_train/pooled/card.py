"""The model card of version 2, written from the manifest and the validation."""

from accunode_train.card import _inputs as inputs_table
from accunode_train.card import _pm

SCORES = {"logistic": "curves", "gbm": "trees", "ensemble": "blend (served)"}


def render(facts: dict, validation: dict) -> str:
    """Markdown."""
    parts = [
        _purpose(facts),
        inputs_table(facts),
        _data(facts),
        _method(facts),
        _figures(facts, validation),
        _level(facts, validation),
        _limits(facts, validation),
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
- **Pictures**: [the validation report](../../../docs/models/{facts["kind"]}.md).
"""


def _data(facts: dict) -> str:
    training = facts["training"]
    rows = "\n".join(
        f"| {p['name']} | {p['rows']:,} | {p['events']} | {p['event']} | {p['weight_of_a_row']:g} |"
        for p in training["populations"]
    )
    text = f"""## Training data

| population | statements | events | event | weight of a row |
|---|---|---|---|---|
{rows}

Period: {training["period"]}. Licence: {training["licence"]}. Changes: {training["changes"]}.
Sources: {"; ".join(training["citation"])}.

Each population and label has an intercept of its own, so that no country's level is learned as a ratio's
effect. The weights make two countries of unequal size teach about alike; the label "failed by 2018",
which calls every statement of a company bad that failed some day, teaches a little.

- **Missing is neutral**: a missing ratio contributes exactly 0, which is what the median company gets in
  the population where that is worst. It is never better than a typical value, and the confidence falls.
  It can be better than a bad value that was left out: do not blank what is bad."""
    if facts["kind"] == "quarterly":
        text += """
- For the trees a missing ratio is the median of the populations.
- The statements of the samples are annual; "quarterly" says how the ratios arrive, not what was trained
  on. Seasonal balance sheets may mislead the model."""
    else:
        text += """
- Vendors often blank debt/EBITDA where EBITDA is negative; in the training it is the worst bound then. A
  missing debt/EBITDA may hide a firm without earnings.
- **Coverage is taught by tables more than by data.** The US source has no interest expense, and 44 % of
  the Polish statements lack it. See below."""
    return (
        text
        + """
- "Total debt" of both sources is total liabilities, so levels differ from those of companies whose
  interest-bearing debt is reported.
"""
    )


def _method(facts: dict) -> str:
    text = """## Method

Each ratio has a curve of straight stretches between quantiles of the populations. The log-odds are a base
and the sum of the curves. All stretches are learned together by penalised maximum likelihood and only rise
in the direction of risk, each by a smallest step at least: the PD moves whenever a ratio moves within its
range, and never the wrong way. One slope and the base are calibrated on out-of-fold scores."""
    if facts["kind"] == "annual":
        return (
            text
            + """

**Coverage** starts from published tables: coverage to rating for large and for small non-financial
companies (A. Damodaran, NYU Stern), and rating to the long-run rate of defaults within a year. A tenth of
their log-odds is the start, held with a strong penalty, and the Polish companies correct it. A tenth,
because the other four ratios already tell most of what coverage tells of a company. The trade was known
before: with a larger share the model agrees more strongly with agencies about who is B and who is A, and
separates bankrupt Polish companies less well. What is learned from the tables is an assumption, not a
finding of these data.
"""
        )
    blend = facts["ensemble"]
    return (
        text
        + f"""

Of the turnovers economics does not settle the sign. In the curves, quickly paid companies are riskier (so
it is in all populations) and quickly sold stocks are safer (here they disagree).

The trees (LightGBM, 90 of 6 leaves, learning rate 0.05) start from each population's own level. They are
monotone in current ratio, quick ratio and working capital (down) and debt/equity (up), free in the
turnovers. The ensemble blends the two log-odds with weight {blend["weight_gbm"]} on the trees and is calibrated once
more; through the curves its PD moves whenever a ratio moves.
"""
    )


def _figures(facts: dict, validation: dict) -> str:
    rows = []
    for population, told in validation["cross_validation"].items():
        for name, m in told["scores"].items():
            low, high = m["auc"]["interval_95"]
            cells = " | ".join(_pm(m[k]) for k in ("auc", "ks", "brier", "log_loss"))
            title = SCORES[name] if len(told["scores"]) > 1 else "served"
            rows.append(f"| {population} | {title} | {cells} | {low:.3f} … {high:.3f} |")
    split = validation["time_split"]
    served = list(split["auc"])[-1]
    low, high = split["auc"][served]["interval_95"]
    across = ", ".join(
        f"{found['auc'][served]['value']:.3f} ({population})"
        for population, found in validation["across"].items()
    )
    others = "\n".join(_other(row, validation) for row in validation["comparison"])
    heads = " | ".join(validation["cross_validation"])
    return f"""## Figures

Five-fold cross-validation, twice; all that is learned is learned again inside every fold, and rows that
also stand in the other US label leave the training. Mean ± standard deviation over the folds; the last
column is a 95 % bootstrap interval of the AUC of the out-of-fold scores. Brier score and log loss are at
the population's own rate of bankruptcies.

| population | | AUC | KS | Brier | log loss | AUC interval |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

- **Through time**: trained on Poland and on US statements up to {split["last_training_year"]}, tested on the US after:
  AUC {split["auc"][served]["value"]:.3f} ({low:.3f} … {high:.3f}; {split["events"]} bankruptcies of {split["rows"]:,}).
- **Across countries**: trained in the other country only, AUC {across}.
  That is nearer to what a third country may expect than the table above.

For comparison, on the same companies (AUC):

| | {heads} |
|---|{"---|" * len(validation["cross_validation"])}
{others}

Altman's Z'' is without its term of retained earnings, which the ratios do not hold. {_verdict(facts)}
"""


def _verdict(facts: dict) -> str:
    if facts["kind"] == "annual":
        return (
            "Gradient boosting on the\nsame five ratios is no better than the curves by more than the intervals are wide, and gives no exact\n"
            "reasons. Version 1.0.0, trained in Poland alone, reaches 0.780 there and 0.775 on US companies:\n"
            "what is gained in one country is paid for, a little, in the other."
        )
    return (
        "In the US sample\ndebt/equity alone and Altman's terms, one of which is return on assets, are as good as the model, which\n"
        "is better in Poland by far. Version 1.0.0, trained in Poland alone, reaches 0.784 there and 0.750 on US\n"
        "companies."
    )


def _other(row: dict, validation: dict) -> str:
    cells = []
    for population in validation["cross_validation"]:
        auc = row["auc"].get(population)
        cells.append(f"{auc['value']:.3f}" if auc else "–")
    return f"| {row['name']} | {' | '.join(cells)} |"


def _level(facts: dict, validation: dict) -> str:
    target, base = facts["target_default_rate"], facts["base_rate"]
    medium, high = facts["thresholds"]["medium"], facts["thresholds"]["high"]
    rows = "\n".join(
        f"| {population} | {' | '.join(f'{100 * q:.2f} %' for q in told['pd']['quantiles'].values())} |"
        for population, told in validation["cross_validation"].items()
    )
    levels = list(next(iter(validation["cross_validation"].values()))["pd"]["quantiles"])
    agreement = (
        "1 / (1 + standard error of the log-odds)"
        if facts["kind"] == "annual"
        else "1 − |difference of the percentile ranks the two halves give the firm|"
    )
    reasons = (
        "contributions minus those of the average company: exact and additive on the log-odds"
        if facts["kind"] == "annual"
        else "exact Shapley values of the ensemble's log-odds against the medians"
    )
    text = f"""## What the numbers mean

- **PD**: {base:.1%} of the weighted one-year rows went bankrupt; a population has fewer. With p the probability
  on that scale, PD = p·k / (p·k + 1 − p), k = [π/(1−π)]·[(1−π_s)/π_s], π_s = {base:.6f} and π = {target} the
  target default rate. The base stands midway between the two countries, each as if its own rate were π.
- **π is an assumption**, and moves levels, not ranks: the share of defaults within a year among the companies
  you score. About 1.5 % is what all rated companies have in the long run; listed US industrials had less in
  most years and small firms have more. Set `target_default_rate_{facts["kind"]}` where you know it; each
  prediction keeps the rate it was made with.
- **Level**: Low below {medium}, Medium below {high}, High from there on: π and three times π.
- **Spread**: quantiles of the PD of companies that were not learned from, at π = {target}:

| | {" | ".join(levels)} |
|---|{"---|" * len(levels)}
{rows}

- **Confidence**: how well the inputs support the number, *not* the chance of being right:
  c · (0.5 + 0.5·s) · g, where c is the weighted share of ratios present, s the weighted share of
  those inside the training 1 %–99 % range, and g = {agreement}.
- **Reasons** are {reasons}.
"""
    return text + (_ratings(validation["rated"]) if validation.get("rated") else "")


def _ratings(rated: dict) -> str:
    rows = "\n".join(
        f"| {c['class']} | {c['companies']} | {' | '.join(f'{100 * q:.2f} %' for q in c['pd_quartiles'])} "
        f"| {100 * c['long_run_default_rate']:.2f} % |"
        for c in rated["classes"]
    )
    by = {c["class"]: c["pd_quartiles"][1] for c in rated["classes"]}
    odds = by["B"] / (1 - by["B"]) / (by["A"] / (1 - by["A"]))
    return f"""
### Beside agency ratings

{rated["rows"]:,} US company-years with a rating, for evaluation only: nothing was learned from them.

| rating | company-years | PD, lower quartile | median | upper quartile | long-run default rate |
|---|---|---|---|---|---|
{rows}

The rank correlation with the ratings is {rated["rank_correlation"]:.3f}; coverage alone has {rated["rank_correlation_of_coverage_alone"]:.3f}. The odds of the
median B company are {odds:.1f} times those of the median A company; in the agencies' records they are more
than 50 times. Five ratios of one year do not see size, business, owners or prospects, which ratings do, so
PDs of safe and of risky companies lie nearer to each other than the classes' default rates.
**Do not read a PD of 0.3 % as a rating.**
"""


def _limits(facts: dict, validation: dict) -> str:
    sectors = ", ".join(facts["scope"]["out_of_scope_sectors"])
    poland = validation["cross_validation"]["Poland"]["calibration"][0]
    return f"""## Limits

What these data cannot tell:

- The level in your population: neither source is a random draw of companies, and bankruptcy stands for
  default; missed payments without it are in no label.
- The safest tenth: {poland["observed"]:.1%} of the safest Polish tenth went bankrupt where the model, at that sample's rate,
  expects {poland["predicted"]:.1%}. Very low PDs are a matter of form more than of evidence.
- Companies of a population are not linked in the sources, so another statement of a tested company may
  have been learned from. The time split and the other country are free of that, but for companies that
  live on.
- Both labels of the US source come from the same companies; its one-year label has few bankruptcies
  ({validation["time_split"]["events"]} after {validation["time_split"]["last_training_year"]}), so its figures are wide.
- Two countries, before 2019. Ratios only: no size, no age, no market price, no trend, no fraud.
- The model's form and penalties were chosen on the same data, which flatters it slightly.
- Out of scope, flagged `sector_out_of_scope`: {sectors}.
- Watch calibration against your own defaults and rebuild when it drifts.
"""
