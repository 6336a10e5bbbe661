//! From JSON to an expression: everything that can be wrong with a rule's text is found here.

use serde_json::Value as Json;

use super::rule::{Expression, RULE_DEPTH_MAX, RuleError, Value, Variable};

pub(super) fn compile(json: &Json, depth: usize) -> Result<Expression, RuleError> {
    if depth > RULE_DEPTH_MAX {
        return Err(RuleError::TooDeep);
    }
    Ok(match json {
        Json::Null => Expression::Literal(Value::Null),
        Json::Bool(value) => Expression::Literal(Value::Bool(*value)),
        Json::Number(number) => {
            let number = number.as_f64().ok_or(RuleError::Malformed)?;
            Expression::Literal(Value::Number(number))
        }
        Json::String(text) => Expression::Literal(Value::Text(text.clone())),
        Json::Array(items) => Expression::List(compile_all(items, depth + 1)?),
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
            if name == "var" {
                compile_variable(arguments, depth)?
            } else {
                let operator = Operator::named(name)?;
                operator.check_count(arguments.len())?;
                Expression::Apply(operator, compile_all(arguments, depth + 1)?)
            }
        }
    })
}

fn compile_all(items: &[Json], depth: usize) -> Result<Vec<Expression>, RuleError> {
    items.iter().map(|item| compile(item, depth)).collect()
}

/// `{"var": "gate"}` or `{"var": ["gate", instead]}`. A computed name could not be checked here, so
/// it is malformed.
fn compile_variable(arguments: &[Json], depth: usize) -> Result<Expression, RuleError> {
    let (name, instead) = match arguments {
        [Json::String(name)] => (name, Expression::Literal(Value::Null)),
        [Json::String(name), instead] => (name, compile(instead, depth + 1)?),
        _ => return Err(RuleError::Malformed),
    };
    let variable = Variable::named(name).ok_or_else(|| RuleError::Variable(name.clone()))?;
    Ok(Expression::Variable(variable, Box::new(instead)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    StrictEqual,
    NotEqual,
    StrictNotEqual,
    Not,
    Truth,
    And,
    Or,
    If,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Min,
    Max,
}

/// Operator, spelling, fewest and most arguments.
const OPERATORS: [(Operator, &str, usize, usize); 19] = [
    (Operator::Equal, "==", 2, 2),
    (Operator::StrictEqual, "===", 2, 2),
    (Operator::NotEqual, "!=", 2, 2),
    (Operator::StrictNotEqual, "!==", 2, 2),
    (Operator::Not, "!", 1, 1),
    (Operator::Truth, "!!", 1, 1),
    (Operator::And, "and", 1, usize::MAX),
    (Operator::Or, "or", 1, usize::MAX),
    (Operator::If, "if", 1, usize::MAX),
    // With three: between.
    (Operator::Less, "<", 2, 3),
    (Operator::LessEqual, "<=", 2, 3),
    (Operator::Greater, ">", 2, 2),
    (Operator::GreaterEqual, ">=", 2, 2),
    (Operator::In, "in", 2, 2),
    (Operator::Add, "+", 1, usize::MAX),
    (Operator::Subtract, "-", 1, 2),
    (Operator::Multiply, "*", 1, usize::MAX),
    (Operator::Min, "min", 1, usize::MAX),
    (Operator::Max, "max", 1, usize::MAX),
];

impl Operator {
    fn named(name: &str) -> Result<Self, RuleError> {
        let found = OPERATORS.iter().find(|(_, spelling, ..)| *spelling == name);
        found
            .map(|(operator, ..)| *operator)
            .ok_or_else(|| RuleError::Operator(name.to_owned()))
    }
    fn check_count(self, count: usize) -> Result<(), RuleError> {
        let fits = OPERATORS
            .iter()
            .any(|(operator, _, min, max)| *operator == self && (*min..=*max).contains(&count));
        if fits {
            Ok(())
        } else {
            Err(RuleError::Arguments(self.spelling()))
        }
    }
    pub(super) fn spelling(self) -> &'static str {
        let found = OPERATORS.iter().find(|(operator, ..)| *operator == self);
        found.map_or("", |(_, spelling, ..)| spelling)
    }
}
