//! What being alone means for copied tickets: the model of `docs/check-in.md`, "Copies".

/// Between the first showing of a copied ticket and the second, on average.
const BETWEEN_SHOWINGS_SECS: f64 = 600.0;

/// Of the copied tickets that pass here a second time, the share whose first showing this device
/// cannot have heard of, in whole percent: it was at one of the `others`, since nobody is heard.
pub(crate) fn of_copies(alone_secs: u64, others: usize) -> u8 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds and devices of one event"
    )]
    let (alone, others) = (alone_secs as f64, others as f64);
    let elsewhere = others / (others + 1.0);
    let since = 1.0 - (-alone / BETWEEN_SHOWINGS_SECS).exp();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 100"
    )]
    let percent = (elsewhere * since * 100.0).round() as u8;
    percent
}

#[cfg(test)]
mod tests {
    use super::of_copies;

    #[test]
    fn the_longer_alone_and_the_more_gates_the_more_copies_pass() {
        // V2 S24
        assert_eq!(of_copies(0, 99), 0);
        assert_eq!(of_copies(3_600, 0), 0, "no other gate, no other showing");
        // One minus 1/e of the showings before came within ten minutes.
        assert_eq!(of_copies(600, 1), 32);
        assert_eq!(of_copies(600, 99), 63);
        assert_eq!(of_copies(u64::MAX, 3), 75);
    }
}
