//! Exact Shapley values (Shapley 1953): the worth of each player of a game.

/// Computes the values from the worth of all 2^k coalitions: that of the coalition of
/// players i, j, … is at index 2^i + 2^j + …. The values add up to the worth of all players
/// minus that of none.
pub(crate) fn shapley(worth: &[f64]) -> Vec<f64> {
    let players = worth.len().ilog2();
    let weights: Vec<f64> = (0..players).map(|size| weight(size, players)).collect();
    (0..players)
        .map(|player| {
            let bit = 1_usize << player;
            (0..worth.len())
                .filter(|coalition| coalition & bit == 0)
                .map(|coalition| {
                    let joins = worth[coalition | bit] - worth[coalition];
                    weights[coalition.count_ones() as usize] * joins
                })
                .sum()
        })
        .collect()
}

/// size! · (players − size − 1)! / players!, as 1 / (players · C(players − 1, size)).
fn weight(size: u32, players: u32) -> f64 {
    let choices = (0..size).fold(1.0, |choices, i| {
        choices * f64::from(players - 1 - i) / f64::from(i + 1)
    });
    1.0 / (f64::from(players) * choices)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the worth by coalition, of a game of three.
    fn game(worth: impl Fn([f64; 3]) -> f64) -> Vec<f64> {
        (0..8_usize)
            .map(|c| worth([0, 1, 2].map(|i| if c >> i & 1 == 1 { 1.0 } else { 0.0 })))
            .collect()
    }

    fn close(values: &[f64], expected: [f64; 3]) -> bool {
        values
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn shapley_values_of_an_additive_game_are_its_coefficients() {
        let values = shapley(&game(|[a, b, c]| 7.0 + 2.0 * a - 3.0 * b + 0.5 * c));
        assert!(close(&values, [2.0, -3.0, 0.5]), "{values:?}");
    }

    #[test]
    fn shapley_values_share_interactions_and_are_zero_for_null_players() {
        let values = shapley(&game(|[a, b, _]| 6.0 * a * b));
        assert!(close(&values, [3.0, 3.0, 0.0]), "{values:?}");
    }

    #[test]
    fn shapley_values_of_the_glove_game_match_the_textbook() {
        // One left glove (a), two right ones (b, c); a pair is worth 1.
        let values = shapley(&game(|[a, b, c]| a * b.max(c)));
        assert!(
            close(&values, [4.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0]),
            "{values:?}"
        );
    }
}
