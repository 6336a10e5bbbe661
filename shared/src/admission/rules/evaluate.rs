//! From an expression to its value.

use std::cmp::Ordering;

use super::compile::Operator;
use super::rule::{Expression, RuleError, Value, Variables};

pub(super) fn evaluate(
    expression: &Expression,
    variables: &dyn Variables,
) -> Result<Value, RuleError> {
    match expression {
        Expression::Literal(value) => Ok(value.clone()),
        Expression::Variable(variable, instead) => match variables.value(*variable) {
            Value::Null => evaluate(instead, variables),
            value => Ok(value),
        },
        Expression::List(items) => evaluate_all(items, variables).map(Value::List),
        Expression::Apply(operator, arguments) => match operator {
            Operator::And | Operator::Or => choose(*operator, arguments, variables),
            Operator::If => branch(arguments, variables),
            _ => apply(*operator, &evaluate_all(arguments, variables)?),
        },
    }
}

fn evaluate_all(items: &[Expression], variables: &dyn Variables) -> Result<Vec<Value>, RuleError> {
    items.iter().map(|item| evaluate(item, variables)).collect()
}

/// `and` gives the first false argument, `or` the first true one, else the last.
fn choose(
    operator: Operator,
    arguments: &[Expression],
    variables: &dyn Variables,
) -> Result<Value, RuleError> {
    let wanted = operator == Operator::Or;
    let mut last = Value::Null;
    for argument in arguments {
        last = evaluate(argument, variables)?;
        if last.is_true() == wanted {
            break;
        }
    }
    Ok(last)
}

/// Condition, value, condition, value, …, otherwise.
fn branch(arguments: &[Expression], variables: &dyn Variables) -> Result<Value, RuleError> {
    let mut rest = arguments;
    loop {
        match rest {
            [] => return Ok(Value::Null),
            [otherwise] => return evaluate(otherwise, variables),
            [condition, value, more @ ..] => {
                if evaluate(condition, variables)?.is_true() {
                    return evaluate(value, variables);
                }
                rest = more;
            }
        }
    }
}

fn apply(operator: Operator, values: &[Value]) -> Result<Value, RuleError> {
    let name = operator.spelling();
    match (operator, values) {
        (Operator::Equal, [a, b]) => Ok(Value::Bool(a.equals(b))),
        (Operator::NotEqual, [a, b]) => Ok(Value::Bool(!a.equals(b))),
        (Operator::StrictEqual, [a, b]) => Ok(Value::Bool(a == b)),
        (Operator::StrictNotEqual, [a, b]) => Ok(Value::Bool(a != b)),
        (Operator::Not, [a]) => Ok(Value::Bool(!a.is_true())),
        (Operator::Truth, [a]) => Ok(Value::Bool(a.is_true())),
        (Operator::Less, _) => in_order(name, values, Ordering::is_lt),
        (Operator::LessEqual, _) => in_order(name, values, Ordering::is_le),
        (Operator::Greater, _) => in_order(name, values, Ordering::is_gt),
        (Operator::GreaterEqual, _) => in_order(name, values, Ordering::is_ge),
        (Operator::In, [Value::Text(part), Value::Text(whole)]) => {
            Ok(Value::Bool(whole.contains(part.as_str())))
        }
        (Operator::In, [item, Value::List(items)]) => Ok(Value::Bool(items.contains(item))),
        (Operator::In, [_, _]) => Ok(Value::Bool(false)),
        (Operator::Add, _) => number(name, values, |a, b| a + b),
        (Operator::Subtract, [a]) => number(name, &[Value::Number(0.0), a.clone()], |a, b| a - b),
        (Operator::Subtract, _) => number(name, values, |a, b| a - b),
        (Operator::Multiply, _) => number(name, values, |a, b| a * b),
        (Operator::Min, _) => number(name, values, f64::min),
        (Operator::Max, _) => number(name, values, f64::max),
        _ => Err(RuleError::Arguments(name)),
    }
}

/// Every neighbouring pair is in this order. Text with text by its characters, else by number.
fn in_order(
    name: &'static str,
    values: &[Value],
    wanted: fn(Ordering) -> bool,
) -> Result<Value, RuleError> {
    for pair in values.windows(2) {
        let order = match pair {
            [Value::Text(a), Value::Text(b)] => Some(a.cmp(b)),
            [a, b] => a.to_number(name)?.partial_cmp(&b.to_number(name)?),
            _ => None,
        };
        if !order.is_some_and(wanted) {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

fn number(
    name: &'static str,
    values: &[Value],
    join: fn(f64, f64) -> f64,
) -> Result<Value, RuleError> {
    let mut total: Option<f64> = None;
    for value in values {
        let next = value.to_number(name)?;
        // `f64::min` and `max` would drop a NaN silently.
        if next.is_nan() {
            return Err(RuleError::Undefined(name));
        }
        total = Some(total.map_or(next, |total| join(total, next)));
    }
    match total {
        Some(total) if total.is_finite() => Ok(Value::Number(total)),
        Some(_) | None => Err(RuleError::Undefined(name)),
    }
}

impl Value {
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
        }
    }

    /// Loose equality: numbers, booleans and text meet as numbers; null equals only itself.
    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(_) | Self::Bool(_), Self::Number(_) | Self::Bool(_) | Self::Text(_))
            | (Self::Text(_), Self::Number(_) | Self::Bool(_)) => {
                let pair = (self.to_number("=="), other.to_number("=="));
                matches!(pair, (Ok(a), Ok(b)) if a.partial_cmp(&b) == Some(Ordering::Equal))
            }
            _ => self == other,
        }
    }

    /// NaN for text that is no number; an error for a list.
    fn to_number(&self, name: &'static str) -> Result<f64, RuleError> {
        match self {
            Self::Null => Ok(0.0),
            Self::Bool(value) => Ok(f64::from(u8::from(*value))),
            Self::Number(number) => Ok(*number),
            Self::Text(text) => Ok(text_to_number(text.trim())),
            Self::List(_) => Err(RuleError::Undefined(name)),
        }
    }
}

fn text_to_number(text: &str) -> f64 {
    if text.is_empty() {
        return 0.0;
    }
    // Rust would also read "inf" and "nan".
    let is_number = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    if text.chars().all(is_number) {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}
