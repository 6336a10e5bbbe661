//! From an expression to its value.

use std::cell::Cell;

use super::compute::{compute, is_before, seconds};
use super::operators::Operator;
use super::rule::{Expression, RULE_STEPS_MAX, RuleError};
use super::value::Value;
use super::variables::{Variable, Variables};

/// One evaluation: whom to ask, and what it may still cost.
pub(super) struct Run<'a> {
    variables: Option<&'a dyn Variables>,
    steps: Cell<usize>,
}

impl<'a> Run<'a> {
    pub(super) fn at_gate(variables: &'a dyn Variables) -> Self {
        Self {
            variables: Some(variables),
            steps: Cell::new(RULE_STEPS_MAX),
        }
    }
    pub(super) fn of_data() -> Run<'static> {
        Run {
            variables: None,
            steps: Cell::new(RULE_STEPS_MAX),
        }
    }

    fn spend(&self, steps: usize) -> Result<(), RuleError> {
        let left = self.steps.get().checked_sub(steps);
        self.steps.set(left.ok_or(RuleError::TooMuch)?);
        Ok(())
    }

    /// A copy, paid for: what is built up in a loop is bounded by it.
    fn copy(&self, value: &Value) -> Result<Value, RuleError> {
        self.spend(value.weight())?;
        Ok(value.clone())
    }

    pub(super) fn evaluate(
        &self,
        expression: &Expression,
        data: &Value,
    ) -> Result<Value, RuleError> {
        self.spend(1)?;
        match expression {
            Expression::Literal(value) => self.copy(value),
            Expression::Variable(variable, instead) => match self.variable(*variable) {
                Value::Null => self.evaluate(instead, data),
                value => Ok(value),
            },
            Expression::Data(path, instead) => {
                let path = self.evaluate(path, data)?.to_text("var")?;
                match data.at(&path) {
                    None | Some(Value::Null) => self.evaluate(instead, data),
                    Some(value) => self.copy(value),
                }
            }
            Expression::Moment(moment) => Ok(self
                .variables
                .map_or(Value::Null, |variables| variables.moment(moment))),
            Expression::List(items) => self.evaluate_all(items, data).map(Value::List),
            Expression::Apply(operator, arguments) => match operator {
                Operator::And | Operator::Or => self.choose(*operator, arguments, data),
                Operator::If => self.branch(arguments, data),
                Operator::Missing => self.missing(arguments, data),
                Operator::MissingSome => self.missing_some(arguments, data),
                operator if operator.is_iteration() => self.iterate(*operator, arguments, data),
                operator => self.compute(*operator, &self.evaluate_all(arguments, data)?),
            },
        }
    }

    pub(super) fn evaluate_all(
        &self,
        items: &[Expression],
        data: &Value,
    ) -> Result<Vec<Value>, RuleError> {
        let values = items.iter().map(|item| self.evaluate(item, data));
        values.collect()
    }

    fn variable(&self, variable: Variable) -> Value {
        let variables = self.variables;
        variables.map_or(Value::Null, |variables| variables.value(variable))
    }

    /// Whether something by this name can be asked for here.
    pub(super) fn has(&self, name: &str, data: &Value) -> bool {
        let named = Variable::named(name).map_or(Value::Null, |variable| self.variable(variable));
        let empty = Value::Text(String::new());
        let is_there = |value: &Value| *value != Value::Null && *value != empty;
        is_there(&named) || data.at(name).is_some_and(is_there)
    }

    /// `and` gives the first false argument, `or` the first true one, else the last.
    fn choose(
        &self,
        operator: Operator,
        arguments: &[Expression],
        data: &Value,
    ) -> Result<Value, RuleError> {
        let wanted = operator == Operator::Or;
        let mut last = Value::Null;
        for argument in arguments {
            last = self.evaluate(argument, data)?;
            if last.is_true() == wanted {
                break;
            }
        }
        Ok(last)
    }

    /// Condition, value, condition, value, …, otherwise.
    fn branch(&self, arguments: &[Expression], data: &Value) -> Result<Value, RuleError> {
        let mut rest = arguments;
        loop {
            match rest {
                [] => return Ok(Value::Null),
                [otherwise] => return self.evaluate(otherwise, data),
                [condition, value, more @ ..] => {
                    if self.evaluate(condition, data)?.is_true() {
                        return self.evaluate(value, data);
                    }
                    rest = more;
                }
            }
        }
    }

    fn compute(&self, operator: Operator, values: &[Value]) -> Result<Value, RuleError> {
        let name = operator.spelling();
        match (operator, values) {
            (Operator::Count(counter), [moment]) => {
                let moment = seconds(name, moment)?;
                let variables = self.variables.ok_or(RuleError::Undefined(name))?;
                Ok(variables.count(counter, moment))
            }
            (Operator::IsAfter, [a, b, tolerance @ ..]) => {
                let late = is_before(name, b, a, tolerance.first())?;
                // The moment itself belongs to what comes after it.
                Ok(Value::Bool(late || a == b))
            }
            (Operator::IsBefore, [a, b, tolerance @ ..]) => {
                is_before(name, a, b, tolerance.first()).map(Value::Bool)
            }
            (operator, values) => compute(operator, values),
        }
    }
}
