//! Custom rules: JSON logic over a documented set of variables.
//!
//! A rule is compiled before it is asked: an unknown operator or variable anywhere in it is an
//! error, even in a branch that would not be taken, so that a rule fails for everybody or nobody.
//!
//! Operators: `== === != !== ! !! and or if < <= > >= in var + - * min max`, as in JSON logic.
//! Truth is JSON logic's: false, null, 0, "" and [] are false.
//!
//! Invariants: total and bounded. Text and depth are limited, there are no loops, and what has no
//! value (a sum that is no number, a list in a comparison) is an error, never a guess.

mod compile;
mod evaluate;
mod rule;

pub use rule::{RULE_BYTES_MAX, RULE_DEPTH_MAX, Rule, RuleError, Value, Variable, Variables};
