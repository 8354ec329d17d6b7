//! Probabilities from censored histories: Kaplan and Meier, and Aalen and Johansen.

use std::collections::BTreeMap;

use serde::Serialize;

/// A time during which one company was in one state, and its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spell {
    /// The company, used by the bootstrap only.
    pub company: usize,
    /// The state, from 0.
    pub state: usize,
    /// When it began. A spell is at risk after this time, not at it.
    pub from: f64,
    /// When it ended. A spell is at risk at this time: events come before exits.
    pub to: f64,
    /// The next state; `None` if the company left or was observed only until then.
    pub next: Option<usize>,
}

/// Transition probabilities from the first time to the last, row by row. Rows sum to 1.
pub type Transitions = Vec<Vec<f64>>;

/// Estimates transition probabilities by Aalen and Johansen (Lando, Skødeberg 2002): Π (I +
/// dΛ(u)) over the times of events with `after < u ≤ until`, dΛ_hj = ΔN_hj(u)/Y_h(u−). States
/// without exits, such as default, need no spells. Spells of states outside of `states` are
/// ignored.
#[must_use]
pub fn aalen_johansen(states: usize, spells: &[Spell], after: f64, until: f64) -> Transitions {
    let estimates = weighted(states, &by_time(spells), |_| 1, &[(after, until)]);
    estimates.into_iter().next().unwrap_or_default()
}

/// The same of several windows `(after, until]`, which follow each other without overlap: all in
/// one pass, however many there are.
#[must_use]
pub fn aalen_johansen_of_windows(
    states: usize,
    spells: &[Spell],
    windows: &[(f64, f64)],
) -> Vec<Transitions> {
    weighted(states, &by_time(spells), |_| 1, windows)
}

/// An interval for each probability.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bootstrap {
    /// The 2.5 % quantiles.
    pub from: Transitions,
    /// The 97.5 % quantiles.
    pub to: Transitions,
}

/// Computes the intervals of [`aalen_johansen`] by drawing companies with replacement as many
/// times as given. The same seed gives the same intervals.
#[must_use]
pub fn bootstrap(
    states: usize,
    spells: &[Spell],
    window: (f64, f64),
    draws: usize,
    seed: u64,
) -> Bootstrap {
    let ordered = by_time(spells);
    let companies = spells.iter().map(|s| s.company + 1).max().unwrap_or(0);
    let mut random = SplitMix(seed);
    let mut found = vec![Vec::with_capacity(draws); states * states];
    let mut times = vec![0_u32; companies];
    for _ in 0..draws {
        times.fill(0);
        for _ in 0..companies {
            times[random.below(companies)] += 1;
        }
        let weight = |company: usize| times[company];
        let p = weighted(states, &ordered, weight, &[window]);
        let p = p.into_iter().flatten().flatten();
        for (cell, value) in found.iter_mut().zip(p) {
            cell.push(value);
        }
    }
    let quantile = |share: f64| {
        let of = |cell: &Vec<f64>| {
            let mut sorted = cell.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let last = sorted.len().saturating_sub(1);
            sorted
                .get((share * last as f64).round() as usize)
                .copied()
                .unwrap_or(f64::NAN)
        };
        let cells: Vec<f64> = found.iter().map(of).collect();
        cells.chunks(states.max(1)).map(<[f64]>::to_vec).collect()
    };
    Bootstrap {
        from: quantile(0.025),
        to: quantile(0.975),
    }
}

/// The beginnings and the ends of spells, each in order of time.
struct ByTime<'a> {
    begins: Vec<&'a Spell>,
    ends: Vec<&'a Spell>,
}

fn by_time(spells: &[Spell]) -> ByTime<'_> {
    let mut begins: Vec<&Spell> = spells.iter().collect();
    let mut ends = begins.clone();
    begins.sort_by(|a, b| a.from.total_cmp(&b.from));
    ends.sort_by(|a, b| a.to.total_cmp(&b.to));
    ByTime { begins, ends }
}

fn weighted(
    states: usize,
    spells: &ByTime<'_>,
    weight: impl Fn(usize) -> u32,
    windows: &[(f64, f64)],
) -> Vec<Transitions> {
    let mut products = vec![identity(states); windows.len()];
    let mut open = windows.iter().zip(&mut products).peekable();
    let mut at_risk = vec![0_u64; states];
    let mut begins = spells.begins.iter().filter(|s| s.state < states).peekable();
    let ends: Vec<_> = spells.ends.iter().filter(|s| s.state < states).collect();
    let mut moves = Moves::new();
    let mut flows = Vec::new();
    for together in ends.chunk_by(|a, b| a.to == b.to) {
        let time = together[0].to;
        while open.next_if(|((_, until), _)| *until < time).is_some() {}
        let Some(((after, _), product)) = open.peek_mut() else {
            break;
        };
        while let Some(spell) = begins.next_if(|spell| spell.from < time) {
            at_risk[spell.state] += u64::from(weight(spell.company));
        }
        if *after < time {
            moves.clear();
            for spell in together {
                if let Some(next) = spell.next.filter(|next| *next < states) {
                    let count = moves.entry((spell.state, next)).or_default();
                    *count += u64::from(weight(spell.company));
                }
            }
            step(product, &moves, &at_risk, &mut flows);
        }
        for spell in together {
            // A spell without length was never at risk.
            if spell.from < spell.to {
                at_risk[spell.state] =
                    at_risk[spell.state].saturating_sub(u64::from(weight(spell.company)));
            }
        }
    }
    products
}

/// The number of moves from one state to another at one time.
type Moves = BTreeMap<(usize, usize), u64>;

/// product ← product · (I + dΛ). A row takes as long as there are moves, however many states
/// there are. `flows` is overwritten: it is only there so that nothing is allocated for a row.
fn step(product: &mut Transitions, moves: &Moves, at_risk: &[u64], flows: &mut Vec<f64>) {
    let counted = || {
        let counts = moves.iter().filter(|((h, j), _)| h != j);
        counts.filter(|((h, _), _)| at_risk[*h] > 0)
    };
    for row in product.iter_mut() {
        flows.clear();
        flows.extend(counted().map(|(&(h, _), &count)| row[h] * count as f64 / at_risk[h] as f64));
        for ((&(h, j), _), flow) in counted().zip(&*flows) {
            row[j] += flow;
            row[h] -= flow;
        }
    }
}

fn identity(states: usize) -> Transitions {
    let cell = |i, j| if i == j { 1.0 } else { 0.0 };
    (0..states)
        .map(|i| (0..states).map(|j| cell(i, j)).collect())
        .collect()
}

/// How long a company was observed, and whether that ended with its default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watched {
    /// The end of the observation, in any unit.
    pub until: f64,
    /// Whether it defaulted then; otherwise it left.
    pub defaulted: bool,
}

/// Returns the probability of default until `horizon` by Kaplan and Meier: 1 − Π (1 −
/// d_u/Y_u). At a tie defaults are before exits. Returns `None` without companies.
#[must_use]
pub fn kaplan_meier(companies: &[Watched], horizon: f64) -> Option<f64> {
    if companies.is_empty() {
        return None;
    }
    let mut sorted = companies.to_vec();
    sorted.sort_by(|a, b| a.until.total_cmp(&b.until));
    let together = sorted.chunk_by(|a, b| a.until == b.until);
    let until_horizon = together.take_while(|at| at[0].until <= horizon);
    let counted = until_horizon.map(|at| {
        let defaults = at.iter().filter(|c| c.defaulted).count() as u64;
        (defaults, at.len() as u64 - defaults)
    });
    Some(kaplan_meier_counted(sorted.len() as u64, counted))
}

/// As [`kaplan_meier`], from the numbers of companies that defaulted and that left at each
/// time, in order of time.
pub(super) fn kaplan_meier_counted(
    companies: u64,
    times: impl IntoIterator<Item = (u64, u64)>,
) -> f64 {
    let (mut survival, mut at_risk) = (1.0, companies);
    for (defaults, left) in times {
        if at_risk > 0 {
            survival *= 1.0 - defaults as f64 / at_risk as f64;
        }
        at_risk = at_risk.saturating_sub(defaults + left);
    }
    1.0 - survival
}

/// Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`, by multiplication (Lemire 2019; the bias is below 2⁻⁴⁰
    /// here).
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}
