//! From JSON to an expression: everything that can be wrong with a rule's text is found here.

use serde_json::Value as Json;

use super::operators::Operator;
use super::rule::{Expression, RULE_DEPTH_MAX, RuleError};
use super::times::Moment;
use super::value::Value;
use super::variables::Variable;

/// What `var` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The ticket at the gate: only the documented variables.
    Gate,
    /// The data at hand: an element of a list.
    Data,
}

pub(super) fn compile(json: &Json, scope: Scope, depth: usize) -> Result<Expression, RuleError> {
    if depth > RULE_DEPTH_MAX {
        return Err(RuleError::TooDeep);
    }
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            Value::from_json(json).map(Expression::Literal)
        }
        Json::Array(items) => compile_all(items, scope, depth + 1).map(Expression::List),
        Json::Object(map) => {
            let mut entries = map.iter();
            let (Some((name, arguments)), None) = (entries.next(), entries.next()) else {
                return Err(RuleError::Malformed);
            };
            // One argument may stand without its list.
            let arguments = match arguments {
                Json::Array(items) => items.as_slice(),
                single => std::slice::from_ref(single),
            };
            match (name.as_str(), scope) {
                ("var", Scope::Gate) => compile_variable(arguments, depth),
                ("var", Scope::Data) => compile_path(arguments, depth),
                ("buildTime", _) => Moment::parse(arguments).map(Expression::Moment),
                (name, _) => compile_operator(name, arguments, scope, depth),
            }
        }
    }
}

fn compile_all(items: &[Json], scope: Scope, depth: usize) -> Result<Vec<Expression>, RuleError> {
    items
        .iter()
        .map(|item| compile(item, scope, depth))
        .collect()
}

fn compile_operator(
    name: &str,
    arguments: &[Json],
    scope: Scope,
    depth: usize,
) -> Result<Expression, RuleError> {
    let operator = Operator::named(name, arguments.len())?;
    let arguments = arguments.iter().enumerate().map(|(at, argument)| {
        let scope = match at {
            1 if operator.is_iteration() => Scope::Data,
            _ => scope,
        };
        let compiled = compile(argument, scope, depth + 1)?;
        // A text where a moment belongs would fail for everybody, later.
        match &compiled {
            Expression::Literal(value)
                if at < operator.moments() && !matches!(value, Value::Number(_)) =>
            {
                Err(RuleError::Time(argument.to_string()))
            }
            _ => Ok(compiled),
        }
    });
    Ok(Expression::Apply(
        operator,
        arguments.collect::<Result<_, _>>()?,
    ))
}

/// `{"var": "gate"}` or `{"var": ["gate", instead]}`. A computed name could not be checked here, so
/// it is malformed.
fn compile_variable(arguments: &[Json], depth: usize) -> Result<Expression, RuleError> {
    let (name, instead) = match arguments {
        [Json::String(name)] => (name, Expression::Literal(Value::Null)),
        [Json::String(name), instead] => (name, compile(instead, Scope::Gate, depth + 1)?),
        _ => return Err(RuleError::Malformed),
    };
    let variable = Variable::named(name).ok_or_else(|| RuleError::Variable(name.clone()))?;
    Ok(Expression::Variable(variable, Box::new(instead)))
}

/// The same for data, where any path may be asked for and none is the whole.
fn compile_path(arguments: &[Json], depth: usize) -> Result<Expression, RuleError> {
    let mut compiled = compile_all(arguments, Scope::Data, depth + 1)?.into_iter();
    let null = || Expression::Literal(Value::Null);
    let path = compiled.next().unwrap_or_else(null);
    let instead = compiled.next().unwrap_or_else(null);
    if compiled.next().is_some() {
        return Err(RuleError::Arguments("var"));
    }
    Ok(Expression::Data(Box::new(path), Box::new(instead)))
}
