//! Custom rules: JSON logic over a documented set of variables.
//!
//! A rule is compiled before it is asked: an unknown operator or variable anywhere in it is an
//! error, even in a branch that would not be taken, so that a rule fails for everybody or nobody.
//!
//! All operators of JSON logic: `== === != !== ! !! and or if ?: < <= > >= in var missing
//! missing_some + - * / % min max cat substr merge map filter reduce all none some`. And ours, with
//! the names that organizers know from elsewhere: `buildTime isAfter isBefore inList objectList
//! lookup entries_since entries_before entries_days_since entries_days_before`.
//! Truth is JSON logic's: false, null, 0, "" and [] are false.
//!
//! Invariants: total and bounded. Text, depth and steps are limited, and what has no value (a sum
//! that is no number, a list in a comparison) is an error, never a guess.

mod compile;
mod compute;
mod evaluate;
mod lists;
mod nearest;
mod operators;
mod rehearsal;
mod rule;
mod times;
mod value;
mod variables;

pub use nearest::{Obstacle, nearest};
pub use rule::{RULE_BYTES_MAX, RULE_DEPTH_MAX, RULE_STEPS_MAX, Rule, RuleError, apply};
pub use times::Moment;
pub use value::Value;
pub use variables::{Counter, Variable, Variables};
