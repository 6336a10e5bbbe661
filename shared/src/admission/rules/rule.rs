//! What a rule is made of, what it may ask, what can be wrong with it.

use super::compile::{Operator, compile};
use super::evaluate::evaluate;

pub const RULE_BYTES_MAX: usize = 16 * 1024;
pub const RULE_DEPTH_MAX: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("longer than {RULE_BYTES_MAX} bytes")]
    TooLong,
    #[error("deeper than {RULE_DEPTH_MAX} levels")]
    TooDeep,
    #[error("not JSON logic")]
    Malformed,
    #[error("unknown operator {0:?}")]
    Operator(String),
    #[error("unknown variable {0:?}")]
    Variable(String),
    #[error("wrong number of arguments for {0:?}")]
    Arguments(&'static str),
    #[error("{0:?} has no value here")]
    Undefined(&'static str),
}

/// What a rule may ask. Entries are admissions of this ticket that stand, before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// Id of the ticket class.
    Product,
    /// Name of the ticket class.
    Class,
    /// Id of the gate; null without a gate.
    Gate,
    /// Name of the gate; null without a gate.
    GateName,
    /// Seconds since 1970.
    Now,
    /// 1 is Monday, 7 is Sunday, in the event's time zone.
    NowIsoweekday,
    EntriesNumber,
    /// Since midnight in the event's time zone.
    EntriesToday,
    /// Days of the event's time zone with an entry.
    EntriesDays,
    /// Whole minutes; -1 without an entry.
    MinutesSinceFirstEntry,
    MinutesSinceLastEntry,
    /// "present" or "absent".
    EntryStatus,
}

impl Variable {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "product" => Self::Product,
            "class" => Self::Class,
            "gate" => Self::Gate,
            "gate_name" => Self::GateName,
            "now" => Self::Now,
            "now_isoweekday" => Self::NowIsoweekday,
            "entries_number" => Self::EntriesNumber,
            "entries_today" => Self::EntriesToday,
            "entries_days" => Self::EntriesDays,
            "minutes_since_first_entry" => Self::MinutesSinceFirstEntry,
            "minutes_since_last_entry" => Self::MinutesSinceLastEntry,
            "entry_status" => Self::EntryStatus,
            _ => return None,
        })
    }
}

/// Gives variables their values; asked only for those that decide.
pub trait Variables {
    fn value(&self, variable: Variable) -> Value;
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
}

/// A compiled rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule(Expression);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Literal(Value),
    /// With what stands in for null.
    Variable(Variable, Box<Expression>),
    List(Vec<Expression>),
    Apply(Operator, Vec<Expression>),
}

impl Rule {
    /// Compiles; for checking a rule when it is saved as well as for asking it.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        if text.len() > RULE_BYTES_MAX {
            return Err(RuleError::TooLong);
        }
        let json = serde_json::from_str(text).map_err(|_| RuleError::Malformed)?;
        compile(&json, 0).map(Self)
    }

    /// Whether the rule allows.
    pub fn holds(&self, variables: &dyn Variables) -> Result<bool, RuleError> {
        evaluate(&self.0, variables).map(|value| value.is_true())
    }
}
