//! Values of the rule language, and how they turn into one another.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::rule::RuleError;

/// Letters that cost as much as one step.
const LETTERS_PER_STEP: usize = 8;

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// A number too large for JSON logic is malformed.
    pub fn from_json(json: &Json) -> Result<Self, RuleError> {
        Ok(match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Number(number.as_f64().ok_or(RuleError::Malformed)?),
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(items) => {
                let items = items.iter().map(Self::from_json);
                Self::List(items.collect::<Result<_, _>>()?)
            }
            Json::Object(map) => {
                let entries = map
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), Self::from_json(value)?)));
                Self::Map(entries.collect::<Result<_, _>>()?)
            }
        })
    }

    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(_) => true,
        }
    }

    /// Loose equality: numbers, booleans and text meet as numbers; null equals only itself.
    pub(super) fn equals(&self, other: &Self) -> bool {
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
    pub(super) fn to_number(&self, name: &'static str) -> Result<f64, RuleError> {
        match self {
            Self::Null => Ok(0.0),
            Self::Bool(value) => Ok(f64::from(u8::from(*value))),
            Self::Number(number) => Ok(*number),
            Self::Text(text) => Ok(text_to_number(text.trim())),
            Self::List(_) | Self::Map(_) => Err(RuleError::Undefined(name)),
        }
    }

    /// As `cat` writes it.
    pub(super) fn to_text(&self, name: &'static str) -> Result<String, RuleError> {
        Ok(match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(items) => {
                let items = items.iter().map(|item| item.to_text(name));
                items.collect::<Result<Vec<_>, _>>()?.join(",")
            }
            Self::Map(_) => return Err(RuleError::Undefined(name)),
        })
    }

    /// What lies at a path of names and places: `pie.filling`, `1.1`; empty is the whole.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        if path.is_empty() {
            return Some(self);
        }
        path.split('.').try_fold(self, |value, part| match value {
            Self::Map(map) => map.get(part),
            Self::List(items) => items.get(part.parse::<usize>().ok()?),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => None,
        })
    }

    /// The steps that a copy costs.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 1,
            Self::Text(text) => 1 + text.len() / LETTERS_PER_STEP,
            Self::List(items) => 1 + items.iter().map(Self::weight).sum::<usize>(),
            Self::Map(map) => {
                let entries = map.iter();
                let entry = |(name, value): (&String, &Self)| name.len() + value.weight();
                1 + entries.map(entry).sum::<usize>()
            }
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
