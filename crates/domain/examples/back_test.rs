//! Measures how long the figures of a back-test take: `cargo run --release -p accunode-domain
//! --example back_test -- 1000000`.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::time::Instant;

use accunode_domain::validation::{
    EndState, Figures, MasterScale, Observation, Reference, Spell, aalen_johansen,
};
use time::macros::date;

/// Returns the next of a fixed sequence of numbers within 0 to 1, the same at every run.
fn draw(seed: &mut u64) -> f64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 11) as f64 / (1_u64 << 53) as f64
}

fn main() {
    let asked = std::env::args().nth(1).and_then(|n| n.parse().ok());
    let companies: usize = asked.unwrap_or(1_000_000);
    let mut seed = 7;
    let observed: Vec<_> = (0..companies)
        .map(|_| {
            let pd = (1e-4_f64).powf(draw(&mut seed)).min(0.99) * 0.2 + 1e-4;
            let defaulted = draw(&mut seed) < pd;
            let exited = !defaulted && draw(&mut seed) < 0.1;
            Observation {
                pd,
                period_end: date!(2023 - 12 - 31),
                excluded: None,
                defaulted,
                technical: false,
                exited,
                days: (draw(&mut seed) * 364.0) as u16 + 1,
                end: if defaulted {
                    EndState::Default
                } else {
                    EndState::Pd((pd * (0.5 + draw(&mut seed))).min(0.99))
                },
            }
        })
        .collect();
    let start = Instant::now();
    let figures = Figures::of(&observed, &MasterScale::shipped(), &Reference::default());
    println!(
        "{companies} observations, {} defaults: all figures in {:.3} s",
        figures.sample.defaults,
        start.elapsed().as_secs_f64()
    );
    let spells: Vec<_> = (0..companies)
        .map(|company| {
            let (state, next) = (draw(&mut seed) * 17.0, draw(&mut seed) * 18.0);
            let from = draw(&mut seed) * 0.5;
            Spell {
                company,
                state: state as usize,
                from,
                // Days, as they are in stored histories.
                to: from + (1.0 + (draw(&mut seed) * 180.0).floor()) / 365.0,
                next: (next as usize != state as usize).then_some(next as usize),
            }
        })
        .collect();
    let start = Instant::now();
    let p = aalen_johansen(18, &spells, 0.0, 1.0);
    println!(
        "Aalen-Johansen of {companies} spells in 18 states: {:.3} s, {:.4}",
        start.elapsed().as_secs_f64(),
        p[0][17]
    );
}
