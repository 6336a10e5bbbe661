//! What a rule is made of, and what can be wrong with it.

use serde_json::Value as Json;

use super::compile::{Scope, compile};
use super::evaluate::Run;
use super::operators::Operator;
use super::times::Moment;
use super::value::Value;
use super::variables::{Variable, Variables};

pub const RULE_BYTES_MAX: usize = 16 * 1024;
pub const RULE_DEPTH_MAX: usize = 32;
/// What one evaluation may cost: well under a millisecond.
pub const RULE_STEPS_MAX: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("longer than {RULE_BYTES_MAX} bytes")]
    TooLong,
    #[error("deeper than {RULE_DEPTH_MAX} levels")]
    TooDeep,
    #[error("more than {RULE_STEPS_MAX} steps")]
    TooMuch,
    #[error("not JSON logic")]
    Malformed,
    #[error("unknown operator {0:?}")]
    Operator(String),
    #[error("unknown variable {0:?}")]
    Variable(String),
    #[error("not a time: {0}")]
    Time(String),
    #[error("wrong number of arguments for {0:?}")]
    Arguments(&'static str),
    #[error("{0:?} has no value here")]
    Undefined(&'static str),
}

/// A compiled rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule(pub(super) Expression);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Literal(Value),
    /// With what stands in for null.
    Variable(Variable, Box<Expression>),
    /// The path in the data at hand, and what stands in for null.
    Data(Box<Expression>, Box<Expression>),
    Moment(Moment),
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
        compile(&json, Scope::Gate, 0).map(Self)
    }

    /// Whether the rule allows.
    pub fn holds(&self, variables: &dyn Variables) -> Result<bool, RuleError> {
        let value = Run::at_gate(variables).evaluate(&self.0, &Value::Null)?;
        Ok(value.is_true())
    }
}

/// Plain JSON logic over any data: the language by itself, without a ticket or a gate.
pub fn apply(logic: &Json, data: &Json) -> Result<Value, RuleError> {
    let expression = compile(logic, Scope::Data, 0)?;
    Run::of_data().evaluate(&expression, &Value::from_json(data)?)
}
