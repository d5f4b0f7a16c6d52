//! Draws that repeat. What a draw is for goes in; the same number comes out in every run and on
//! every machine, whatever was drawn before.

use sha2::{Digest as _, Sha256};

/// A number from 0 up to and without 1.
pub(super) fn draw(seed: u64, rule: u64, key: &str, count: u64) -> f64 {
    let digest = Sha256::new()
        .chain_update(seed.to_be_bytes())
        .chain_update(rule.to_be_bytes())
        .chain_update(count.to_be_bytes())
        .chain_update(key.as_bytes())
        .finalize();
    let mut first = [0; 4];
    first.copy_from_slice(&digest[..4]);
    f64::from(u32::from_be_bytes(first)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_the_same_each_time_and_another_for_each_of_its_reasons() {
        let known = draw(1, 2, "ada", 3);
        assert!((known - draw(1, 2, "ada", 3)).abs() < f64::EPSILON);
        for other in [draw(2, 2, "ada", 3), draw(1, 1, "ada", 3), draw(1, 2, "bob", 3)] {
            assert!((known - other).abs() > 1e-6);
        }
        assert!((known - draw(1, 2, "ada", 4)).abs() > 1e-6);
    }

    #[test]
    fn draws_are_spread_evenly() {
        let below = (0..4000).filter(|count| draw(7, 1, "ada", *count) < 0.25).count();
        assert!((900..1100).contains(&below), "{below}");
    }
}
