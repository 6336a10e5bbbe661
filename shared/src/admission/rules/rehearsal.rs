//! A rule is tried out before it is saved: what would fail for everybody at the gate fails here.

use super::rule::{Rule, RuleError};
use super::times::Moment;
use super::value::Value;
use super::variables::{Counter, Variable, Variables};

impl Rule {
    /// Compiles and asks once, for a ticket that entered before and for one that did not.
    pub fn rehearse(text: &str) -> Result<Self, RuleError> {
        let rule = Self::parse(text)?;
        rule.holds(&Stage { entries: 0.0 })?;
        rule.holds(&Stage { entries: 1.0 })?;
        Ok(rule)
    }
}

struct Stage {
    entries: f64,
}

impl Variables for Stage {
    fn value(&self, variable: Variable) -> Value {
        match variable {
            Variable::Product
            | Variable::Variation
            | Variable::Class
            | Variable::Gate
            | Variable::GateName => Value::Text("somewhere".to_owned()),
            Variable::Now | Variable::NowIsoweekday => Value::Number(1.0),
            Variable::EntriesNumber | Variable::EntriesToday | Variable::EntriesDays => {
                Value::Number(self.entries)
            }
            // -1 stands for no entry.
            Variable::MinutesSinceFirstEntry | Variable::MinutesSinceLastEntry => {
                Value::Number(self.entries * 2.0 - 1.0)
            }
            Variable::EntryStatus => Value::Text("absent".to_owned()),
        }
    }
    fn moment(&self, _: &Moment) -> Value {
        Value::Number(1.0)
    }
    fn count(&self, _: Counter, _: f64) -> Value {
        Value::Number(self.entries)
    }
}
