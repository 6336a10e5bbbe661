//! What stands between a ticket and a rule that refused it: the nearest way in.
//!
//! Of all the changes that would make the rule allow, the one that asks least of the guest: to have
//! entered less often, then to come at another time (the closest one), on another day of the week,
//! at another gate, with another kind of ticket. A change that cannot be told is no way.

use super::evaluate::Run;
use super::operators::Operator;
use super::rule::{Expression, Rule, RuleError};
use super::value::Value;
use super::variables::{Variable, Variables};
use crate::time::Timestamp;

/// Obstacles of one way; with more nobody could follow.
const OBSTACLES_MAX: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Obstacle {
    /// Too many entries, or too long since one.
    Entries,
    /// Allowed from this moment on.
    From(Timestamp),
    /// Was allowed until this moment.
    Until(Timestamp),
    Weekday,
    Gate,
    Class,
}

impl Obstacle {
    fn rank(self) -> u8 {
        match self {
            Self::Entries => 0,
            Self::From(_) | Self::Until(_) => 1,
            Self::Weekday => 2,
            Self::Gate => 3,
            Self::Class => 4,
        }
    }
}

/// Obstacles that are to be overcome together, and how far away that is.
#[derive(Debug, Clone, PartialEq)]
struct Way {
    obstacles: Vec<Obstacle>,
    rank: u8,
    seconds: f64,
}

impl Way {
    fn open() -> Self {
        Self {
            obstacles: Vec::new(),
            rank: 0,
            seconds: 0.0,
        }
    }
    fn of(obstacle: Obstacle, seconds: f64) -> Self {
        Self {
            rank: obstacle.rank(),
            obstacles: vec![obstacle],
            seconds,
        }
    }
    fn and(mut self, other: Self) -> Self {
        for obstacle in other.obstacles {
            if !self.obstacles.contains(&obstacle) {
                self.obstacles.push(obstacle);
            }
        }
        self.rank = self.rank.max(other.rank);
        self.seconds += other.seconds;
        self
    }
    fn is_nearer(&self, other: &Self) -> bool {
        let by = |way: &Self| (way.rank, way.seconds, way.obstacles.len());
        by(self) < by(other)
    }
}

/// The obstacles of the nearest way; empty when the rule allows, or when no way can be told.
pub fn nearest(rule: &Rule, variables: &dyn Variables) -> Vec<Obstacle> {
    let search = Search {
        run: Run::at_gate(variables),
    };
    let way = search.way(&rule.0, true).ok().flatten();
    let obstacles = way.map_or(Vec::new(), |way| way.obstacles);
    if obstacles.len() > OBSTACLES_MAX {
        return Vec::new();
    }
    obstacles
}

struct Search<'a> {
    run: Run<'a>,
}

impl Search<'_> {
    /// How the expression could come to be true, or false.
    fn way(&self, expression: &Expression, wanted: bool) -> Result<Option<Way>, RuleError> {
        if self.ask(expression)?.is_true() == wanted {
            return Ok(Some(Way::open()));
        }
        match expression {
            Expression::Apply(Operator::And, parts) if wanted => self.all(parts, wanted),
            Expression::Apply(Operator::Or, parts) if !wanted => self.all(parts, wanted),
            Expression::Apply(Operator::And | Operator::Or, parts) => self.any(parts, wanted),
            Expression::Apply(Operator::Not, parts) => self.all(parts, !wanted),
            Expression::Apply(Operator::Truth, parts) => self.all(parts, wanted),
            Expression::Apply(operator @ (Operator::IsAfter | Operator::IsBefore), parts) => {
                self.by_time(*operator, parts, wanted)
            }
            leaf => Ok(subject(leaf).map(|obstacle| Way::of(obstacle, 0.0))),
        }
    }

    fn ask(&self, expression: &Expression) -> Result<Value, RuleError> {
        self.run.evaluate(expression, &Value::Null)
    }

    fn all(&self, parts: &[Expression], wanted: bool) -> Result<Option<Way>, RuleError> {
        let mut whole = Way::open();
        for part in parts {
            match self.way(part, wanted)? {
                Some(way) => whole = whole.and(way),
                None => return Ok(None),
            }
        }
        Ok(Some(whole))
    }

    fn any(&self, parts: &[Expression], wanted: bool) -> Result<Option<Way>, RuleError> {
        let mut best: Option<Way> = None;
        for part in parts {
            if let Some(way) = self.way(part, wanted)?
                && best.as_ref().is_none_or(|best| way.is_nearer(best))
            {
                best = Some(way);
            }
        }
        Ok(best)
    }

    /// Now compared with a moment: from it on, or until it. The sentence leaves tolerance out.
    fn by_time(
        &self,
        operator: Operator,
        parts: &[Expression],
        wanted: bool,
    ) -> Result<Option<Way>, RuleError> {
        let (Some(first), Some(second)) = (parts.first(), parts.get(1)) else {
            return Ok(None);
        };
        let (moment, now_first) = match (is_now(first), is_now(second)) {
            (true, false) => (second, true),
            (false, true) => (first, false),
            _ => return Ok(None),
        };
        let pair = (self.ask(moment)?, self.ask(&now())?);
        let (Value::Number(at), Value::Number(now)) = pair else {
            return Ok(None);
        };
        let later = ((operator == Operator::IsAfter) == now_first) == wanted;
        let moment = timestamp(at);
        let obstacle = if later {
            Obstacle::From(moment)
        } else {
            Obstacle::Until(moment)
        };
        Ok(Some(Way::of(obstacle, (at - now).abs())))
    }
}

fn now() -> Expression {
    Expression::Variable(Variable::Now, Box::new(Expression::Literal(Value::Null)))
}

fn is_now(expression: &Expression) -> bool {
    matches!(expression, Expression::Variable(Variable::Now, _))
}

/// What a comparison is about: the most that any part of it asks of the guest.
fn subject(expression: &Expression) -> Option<Obstacle> {
    match expression {
        Expression::Variable(variable, _) => match variable {
            Variable::EntriesNumber
            | Variable::EntriesToday
            | Variable::EntriesDays
            | Variable::MinutesSinceFirstEntry
            | Variable::MinutesSinceLastEntry
            | Variable::EntryStatus => Some(Obstacle::Entries),
            Variable::NowIsoweekday => Some(Obstacle::Weekday),
            Variable::Gate | Variable::GateName => Some(Obstacle::Gate),
            Variable::Product | Variable::Variation | Variable::Class => Some(Obstacle::Class),
            Variable::Now => None,
        },
        Expression::Apply(Operator::Count(_), _) => Some(Obstacle::Entries),
        Expression::List(parts) | Expression::Apply(_, parts) => {
            let subjects = parts.iter().filter_map(subject);
            subjects.max_by_key(|obstacle| obstacle.rank())
        }
        Expression::Literal(_) | Expression::Data(..) | Expression::Moment(_) => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "moments lie within the years 0 to 9999; others saturate"
)]
fn timestamp(seconds: f64) -> Timestamp {
    Timestamp::from_millis((seconds * 1000.0).round() as i64)
}
