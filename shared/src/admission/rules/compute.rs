//! Operators whose arguments are all known: from values to a value.

use std::cmp::Ordering;

use super::operators::Operator;
use super::rule::RuleError;
use super::value::Value;

pub(super) fn compute(operator: Operator, values: &[Value]) -> Result<Value, RuleError> {
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
        (Operator::In | Operator::InList, [item, Value::List(items)]) => {
            Ok(Value::Bool(items.contains(item)))
        }
        (Operator::In, [_, _]) => Ok(Value::Bool(false)),
        (Operator::ObjectList, items) => Ok(Value::List(items.to_vec())),
        (Operator::Lookup, [_, id, ..]) => Ok(id.clone()),
        (Operator::Add, _) => number(name, values, |a, b| a + b),
        (Operator::Subtract, [a]) => number(name, &[Value::Number(0.0), a.clone()], |a, b| a - b),
        (Operator::Subtract, _) => number(name, values, |a, b| a - b),
        (Operator::Multiply, _) => number(name, values, |a, b| a * b),
        (Operator::Divide, _) => number(name, values, |a, b| a / b),
        (Operator::Modulo, _) => number(name, values, |a, b| a % b),
        (Operator::Min, _) => number(name, values, f64::min),
        (Operator::Max, _) => number(name, values, f64::max),
        (Operator::Cat, _) => {
            let texts = values.iter().map(|value| value.to_text(name));
            Ok(Value::Text(texts.collect::<Result<_, _>>()?))
        }
        (Operator::Substr, [text, from, length @ ..]) => {
            substr(name, &text.to_text(name)?, from, length.first())
        }
        (Operator::Merge, _) => Ok(Value::List(merge(values))),
        _ => Err(RuleError::Undefined(name)),
    }
}

/// The tolerance moves the bar in favour of the guest, in minutes.
pub(super) fn is_before(
    name: &'static str,
    early: &Value,
    late: &Value,
    tolerance: Option<&Value>,
) -> Result<bool, RuleError> {
    let minutes = match tolerance {
        None | Some(Value::Null) => 0.0,
        Some(value) => value.to_number(name)?,
    };
    if !minutes.is_finite() {
        return Err(RuleError::Undefined(name));
    }
    Ok(seconds(name, early)? < seconds(name, late)? + minutes * 60.0)
}

pub(super) fn seconds(name: &'static str, value: &Value) -> Result<f64, RuleError> {
    match value {
        Value::Number(seconds) if seconds.is_finite() => Ok(*seconds),
        _ => Err(RuleError::Undefined(name)),
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

/// From a character on, counted from the end when negative; a negative length leaves so many off.
fn substr(
    name: &'static str,
    text: &str,
    from: &Value,
    length: Option<&Value>,
) -> Result<Value, RuleError> {
    let letters: Vec<char> = text.chars().collect();
    let count = letters.len();
    let start = position(name, from, count)?;
    let end = match length {
        None | Some(Value::Null) => count,
        Some(length) if length.to_number(name)? < 0.0 => position(name, length, count)?,
        Some(length) => start.saturating_add(position(name, length, usize::MAX)?),
    };
    let part = letters.get(start..end.min(count)).unwrap_or_default();
    Ok(Value::Text(part.iter().collect()))
}

/// A place among `count`, from the end when negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and small"
)]
fn position(name: &'static str, place: &Value, count: usize) -> Result<usize, RuleError> {
    const PLACES: f64 = 1e6;
    let place = place.to_number(name)?;
    if place.is_nan() {
        return Err(RuleError::Undefined(name));
    }
    let whole = place.abs().min(PLACES) as usize;
    Ok(if place < 0.0 {
        count.saturating_sub(whole)
    } else {
        whole.min(count)
    })
}

fn merge(values: &[Value]) -> Vec<Value> {
    let mut all = Vec::new();
    for value in values {
        match value {
            Value::List(items) => all.extend(items.iter().cloned()),
            single => all.push(single.clone()),
        }
    }
    all
}
