//! Operators that go through lists, and those that say what is missing.

use std::collections::BTreeMap;

use super::evaluate::Run;
use super::operators::Operator;
use super::rule::{Expression, RuleError};
use super::value::Value;

impl Run<'_> {
    /// What is no list counts as an empty one.
    pub(super) fn iterate(
        &self,
        operator: Operator,
        arguments: &[Expression],
        data: &Value,
    ) -> Result<Value, RuleError> {
        let [list, each, rest @ ..] = arguments else {
            return Err(RuleError::Arguments(operator.spelling()));
        };
        let items = match self.evaluate(list, data)? {
            Value::List(items) => items,
            _ => Vec::new(),
        };
        match operator {
            Operator::Map => {
                let mapped = items.iter().map(|item| self.evaluate(each, item));
                mapped.collect::<Result<_, _>>().map(Value::List)
            }
            Operator::Filter => {
                let mut kept = Vec::new();
                for item in items {
                    if self.evaluate(each, &item)?.is_true() {
                        kept.push(item);
                    }
                }
                Ok(Value::List(kept))
            }
            Operator::Reduce => {
                let start = match rest.first() {
                    Some(start) => self.evaluate(start, data)?,
                    None => Value::Null,
                };
                self.reduce(items, each, start)
            }
            // As in JSON logic: all of nothing is false, none of nothing is true.
            Operator::All => {
                let all = self.how_many(&items, each)? == items.len();
                Ok(Value::Bool(all && !items.is_empty()))
            }
            Operator::None => Ok(Value::Bool(self.how_many(&items, each)? == 0)),
            Operator::Some => Ok(Value::Bool(self.how_many(&items, each)? > 0)),
            _ => Err(RuleError::Undefined(operator.spelling())),
        }
    }

    fn how_many(&self, items: &[Value], each: &Expression) -> Result<usize, RuleError> {
        let mut count = 0;
        for item in items {
            count += usize::from(self.evaluate(each, item)?.is_true());
        }
        Ok(count)
    }

    fn reduce(
        &self,
        items: Vec<Value>,
        each: &Expression,
        start: Value,
    ) -> Result<Value, RuleError> {
        let mut total = start;
        for item in items {
            let scope = Value::Map(BTreeMap::from([
                ("current".to_owned(), item),
                ("accumulator".to_owned(), total),
            ]));
            total = self.evaluate(each, &scope)?;
        }
        Ok(total)
    }

    /// The names that have no value. They may come as arguments or as one list.
    pub(super) fn missing(
        &self,
        arguments: &[Expression],
        data: &Value,
    ) -> Result<Value, RuleError> {
        let values = self.evaluate_all(arguments, data)?;
        let names = match values.as_slice() {
            [Value::List(names)] => names,
            names => names,
        };
        self.missing_of(names, data).map(Value::List)
    }

    fn missing_of(&self, names: &[Value], data: &Value) -> Result<Vec<Value>, RuleError> {
        let mut missing = Vec::new();
        for name in names {
            if !self.has(&name.to_text("missing")?, data) {
                missing.push(name.clone());
            }
        }
        Ok(missing)
    }

    /// Nothing when at least so many of the names have a value, else those that have none.
    pub(super) fn missing_some(
        &self,
        arguments: &[Expression],
        data: &Value,
    ) -> Result<Value, RuleError> {
        let name = Operator::MissingSome.spelling();
        let values = self.evaluate_all(arguments, data)?;
        let [needed, Value::List(names)] = values.as_slice() else {
            return Err(RuleError::Undefined(name));
        };
        let missing = self.missing_of(names, data)?;
        let present = names.len().saturating_sub(missing.len());
        let present = f64::from(u32::try_from(present).unwrap_or(u32::MAX));
        let enough = present >= needed.to_number(name)?;
        Ok(Value::List(if enough { Vec::new() } else { missing }))
    }
}
