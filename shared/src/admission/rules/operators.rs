//! The operators: spelling, how many arguments, and whether their arguments are asked at once.

use super::rule::RuleError;
use super::variables::Counter;

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
    Divide,
    Modulo,
    Min,
    Max,
    Cat,
    Substr,
    Merge,
    Missing,
    MissingSome,
    Map,
    Filter,
    Reduce,
    All,
    None,
    Some,
    IsAfter,
    IsBefore,
    InList,
    ObjectList,
    Lookup,
    Count(Counter),
}

const MANY: usize = usize::MAX;

/// Operator, spelling, fewest and most arguments.
const OPERATORS: [(Operator, &str, usize, usize); 42] = [
    (Operator::Equal, "==", 2, 2),
    (Operator::StrictEqual, "===", 2, 2),
    (Operator::NotEqual, "!=", 2, 2),
    (Operator::StrictNotEqual, "!==", 2, 2),
    (Operator::Not, "!", 1, 1),
    (Operator::Truth, "!!", 1, 1),
    (Operator::And, "and", 1, MANY),
    (Operator::Or, "or", 1, MANY),
    (Operator::If, "if", 0, MANY),
    (Operator::If, "?:", 3, 3),
    // With three: between.
    (Operator::Less, "<", 2, 3),
    (Operator::LessEqual, "<=", 2, 3),
    (Operator::Greater, ">", 2, 2),
    (Operator::GreaterEqual, ">=", 2, 2),
    (Operator::In, "in", 2, 2),
    (Operator::Add, "+", 1, MANY),
    (Operator::Subtract, "-", 1, 2),
    (Operator::Multiply, "*", 1, MANY),
    (Operator::Divide, "/", 2, 2),
    (Operator::Modulo, "%", 2, 2),
    (Operator::Min, "min", 1, MANY),
    (Operator::Max, "max", 1, MANY),
    (Operator::Cat, "cat", 0, MANY),
    (Operator::Substr, "substr", 2, 3),
    (Operator::Merge, "merge", 0, MANY),
    (Operator::Missing, "missing", 0, MANY),
    (Operator::MissingSome, "missing_some", 2, 2),
    (Operator::Map, "map", 2, 2),
    (Operator::Filter, "filter", 2, 2),
    (Operator::Reduce, "reduce", 2, 3),
    (Operator::All, "all", 2, 2),
    (Operator::None, "none", 2, 2),
    (Operator::Some, "some", 2, 2),
    // The third is the tolerance in minutes.
    (Operator::IsAfter, "isAfter", 2, 3),
    (Operator::IsBefore, "isBefore", 2, 3),
    (Operator::InList, "inList", 2, 2),
    (Operator::ObjectList, "objectList", 0, MANY),
    // Kind, id and, for people, a name.
    (Operator::Lookup, "lookup", 2, 3),
    (
        Operator::Count(Counter::EntriesSince),
        "entries_since",
        1,
        1,
    ),
    (
        Operator::Count(Counter::EntriesBefore),
        "entries_before",
        1,
        1,
    ),
    (
        Operator::Count(Counter::EntriesDaysSince),
        "entries_days_since",
        1,
        1,
    ),
    (
        Operator::Count(Counter::EntriesDaysBefore),
        "entries_days_before",
        1,
        1,
    ),
];

impl Operator {
    /// The operator of this spelling, if it takes so many arguments.
    pub(super) fn named(name: &str, arguments: usize) -> Result<Self, RuleError> {
        let (operator, spelling, min, max) = OPERATORS
            .iter()
            .find(|(_, spelling, ..)| *spelling == name)
            .ok_or_else(|| RuleError::Operator(name.to_owned()))?;
        if (*min..=*max).contains(&arguments) {
            Ok(*operator)
        } else {
            Err(RuleError::Arguments(spelling))
        }
    }

    pub(super) fn spelling(self) -> &'static str {
        let found = OPERATORS.iter().find(|(operator, ..)| *operator == self);
        found.map_or("", |(_, spelling, ..)| spelling)
    }

    /// Goes through a list: its second argument is about one element at a time.
    pub(super) fn is_iteration(self) -> bool {
        matches!(
            self,
            Self::Map | Self::Filter | Self::Reduce | Self::All | Self::None | Self::Some
        )
    }

    /// Arguments that stand for a moment.
    pub(super) fn moments(self) -> usize {
        match self {
            Self::IsAfter | Self::IsBefore => 2,
            Self::Count(_) => 1,
            _ => 0,
        }
    }
}
