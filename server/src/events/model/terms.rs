//! How a class is sold: what its terms allow and cost at a moment (I4, I5, I7). Pure.

use shared::api::selling::{Charges, Pricing, Release, Terms};
use shared::money::{Currency, Money};
use shared::time::Timestamp;

use super::{CAPACITY_MAX, PRICE_MINOR_MAX, TicketClass};
use crate::platform::fields::Fields;

/// Releases, tiers or steps of one class.
const PARTS_MAX: usize = 50;
/// Ten times the price.
const PERCENT_MAX: u32 = 1_000;
/// A week.
const OFFER_MINUTES_MAX: u32 = 7 * 24 * 60;
/// 100 %.
const SHARE_MAX: u32 = 10_000;

/// How far a class is sold; what is held counts for nothing here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sold {
    pub sold: u32,
    pub total: u32,
}

/// Why a class cannot be bought like this now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    NotYet { opens_at: Timestamp },
    Over { closed_at: Timestamp },
    TooFew { min: u32 },
    TooMany { max: u32 },
}

impl TicketClass {
    /// Whether so many may be bought in one order now.
    pub fn admits(&self, quantity: u32, now: Timestamp) -> Result<(), Refusal> {
        let terms = &self.terms;
        if let Some(archived) = self.archived {
            let closed_at = archived.at;
            return Err(Refusal::Over { closed_at });
        }
        if let Some(opens_at) = terms.sale_from.filter(|from| now < *from) {
            return Err(Refusal::NotYet { opens_at });
        }
        if let Some(closed_at) = terms.sale_until.filter(|until| now >= *until) {
            return Err(Refusal::Over { closed_at });
        }
        if let Some(min) = terms.min_per_order.filter(|min| quantity < *min) {
            return Err(Refusal::TooFew { min });
        }
        if quantity > self.max_per_order {
            let max = self.max_per_order;
            return Err(Refusal::TooMany { max });
        }
        Ok(())
    }

    /// Whether its price depends on what is sold.
    pub fn prices_by_demand(&self) -> bool {
        matches!(self.terms.pricing, Pricing::Demand { .. })
    }

    /// Whether its price never moves by itself.
    pub fn has_fixed_price(&self) -> bool {
        matches!(self.terms.pricing, Pricing::Fixed)
    }

    /// What one ticket costs now.
    pub fn price_at(&self, now: Timestamp, sold: Sold) -> Money {
        match &self.terms.pricing {
            Pricing::Fixed => self.price,
            Pricing::Tiers { tiers } => {
                let tier = tiers.iter().find(|tier| now < tier.until);
                tier.map_or(self.price, |tier| tier.price)
            }
            Pricing::Demand {
                steps,
                floor,
                ceiling,
            } => {
                let reached = |percent: u8| {
                    u64::from(sold.sold) * 100 >= u64::from(sold.total) * u64::from(percent)
                };
                // Of nothing, nothing is sold.
                let steps = steps.iter().filter(|_| sold.total > 0);
                let step = steps.take_while(|step| reached(step.sold_percent)).last();
                let percent = step.map_or(100, |step| step.percent);
                let amount = share_of(self.price.amount, u64::from(percent), 100);
                let amount = amount.clamp(floor.amount, ceiling.amount);
                Money::new(amount, self.price.currency)
            }
        }
    }

    /// So many of its tickets may be out when so many are sold; `None`: all there are.
    pub fn released(&self, now: Timestamp, sold: u32) -> Option<u32> {
        let releases = &self.terms.releases;
        if releases.is_empty() {
            return None;
        }
        let mut out = 0_u32;
        for release in releases {
            let due = release.at.is_none_or(|at| now >= at);
            let wanted = release.after_sold_percent.unwrap_or(0);
            let enough = u64::from(sold) * 100 >= u64::from(out) * u64::from(wanted);
            if !due || !enough {
                break;
            }
            out = out.saturating_add(release.quantity);
        }
        Some(out)
    }

    /// The release that comes after so many.
    pub fn next_release(&self, out: u32) -> Option<&Release> {
        let mut sum = 0_u32;
        self.terms.releases.iter().find(|release| {
            sum = sum.saturating_add(release.quantity);
            sum > out
        })
    }
}

/// `amount * part / whole`, rounded to the nearest unit, halves up. The one rounding rule of all
/// prices, fees and taxes; amounts are never negative.
pub fn share_of(amount: i64, part: u64, whole: u64) -> i64 {
    let whole = i128::from(whole.max(1));
    let exact = i128::from(amount) * i128::from(part);
    let rounded = (exact * 2 + whole).div_euclid(whole * 2);
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

/// Names what is wrong under `terms.`.
pub(super) fn check_terms(
    terms: &Terms,
    max_per_order: u32,
    currency: Currency,
    fields: &mut Fields,
) {
    if let (Some(from), Some(until)) = (terms.sale_from, terms.sale_until)
        && until <= from
    {
        fields.wrong("terms.saleUntil", "must be after saleFrom");
    }
    let min = terms.min_per_order.unwrap_or(1);
    if min == 0 || min > max_per_order {
        let why = format!("must be from 1 to {max_per_order}");
        fields.wrong("terms.minPerOrder", why);
    }
    if terms.max_per_person.is_some_and(|max| max < min) {
        fields.wrong("terms.maxPerPerson", format!("must be at least {min}"));
    }
    let minutes = terms.waitlist.map_or(1, |list| list.offer_minutes);
    if !(1..=OFFER_MINUTES_MAX).contains(&minutes) {
        let why = format!("must be from 1 to {OFFER_MINUTES_MAX}");
        fields.wrong("terms.waitlist.offerMinutes", why);
    }
    check_releases(&terms.releases, fields);
    check_pricing(&terms.pricing, currency, fields);
}

fn check_releases(releases: &[Release], fields: &mut Fields) {
    if releases.len() > PARTS_MAX {
        fields.wrong("terms.releases", format!("must be at most {PARTS_MAX}"));
    }
    for (position, release) in releases.iter().enumerate().take(PARTS_MAX) {
        let field = format!("terms.releases[{position}]");
        if release.quantity == 0 || release.quantity > CAPACITY_MAX {
            let why = format!("must be from 1 to {CAPACITY_MAX}");
            fields.wrong(format!("{field}.quantity"), why);
        }
        if release
            .after_sold_percent
            .is_some_and(|percent| percent == 0 || percent > 100)
        {
            fields.wrong(format!("{field}.afterSoldPercent"), "must be from 1 to 100");
        }
        if position == 0 && release.after_sold_percent.is_some() {
            let why = "nothing can be sold before the first part";
            fields.wrong(format!("{field}.afterSoldPercent"), why);
        }
    }
}

fn check_pricing(pricing: &Pricing, currency: Currency, fields: &mut Fields) {
    let good =
        |money: &Money| money.currency == currency && (0..=PRICE_MINOR_MAX).contains(&money.amount);
    let why = format!("must be from 0 to {PRICE_MINOR_MAX} {currency}");
    match pricing {
        Pricing::Fixed => {}
        Pricing::Tiers { tiers } => {
            if tiers.is_empty() || tiers.len() > PARTS_MAX {
                fields.wrong("terms.pricing.tiers", format!("must be 1 to {PARTS_MAX}"));
            }
            if !tiers.is_sorted_by(|a, b| a.until < b.until) {
                fields.wrong("terms.pricing.tiers", "must end one after the other");
            }
            if !tiers.iter().all(|tier| good(&tier.price)) {
                fields.wrong("terms.pricing.tiers", why);
            }
        }
        Pricing::Demand {
            steps,
            floor,
            ceiling,
        } => {
            if steps.is_empty() || steps.len() > PARTS_MAX {
                fields.wrong("terms.pricing.steps", format!("must be 1 to {PARTS_MAX}"));
            }
            let ascend = steps.is_sorted_by(|a, b| a.sold_percent < b.sold_percent);
            if !ascend || steps.iter().any(|step| step.sold_percent > 100) {
                fields.wrong("terms.pricing.steps", "soldPercent must ascend, up to 100");
            }
            if steps.iter().any(|step| step.percent > PERCENT_MAX) {
                let why = format!("percent must be at most {PERCENT_MAX}");
                fields.wrong("terms.pricing.steps", why);
            }
            if !good(floor) || !good(ceiling) {
                fields.wrong("terms.pricing.floor", why);
            } else if floor.amount > ceiling.amount {
                fields.wrong("terms.pricing.floor", "must not be above the ceiling");
            }
        }
    }
}

/// Names what is wrong under `charges.`.
pub(super) fn check_charges(charges: &Charges, fields: &mut Fields) {
    for (field, share) in [
        ("charges.taxShare", charges.tax_share),
        ("charges.feeShare", charges.fee_share),
    ] {
        if share > SHARE_MAX {
            fields.wrong(field, format!("must be at most {SHARE_MAX}"));
        }
    }
    if !(0..=PRICE_MINOR_MAX).contains(&charges.fee_minor) {
        let why = format!("must be from 0 to {PRICE_MINOR_MAX}");
        fields.wrong("charges.feeMinor", why);
    }
}
