//! Steps 4, 7 and 8 where a check-in list or the event's rules have a say.

use crate::ticket::{Flags, Payload};
use crate::trust::{GatePolicy, ListFlags, TicketRow};

use super::answers;
use super::decide::{Case, Findings};
use super::explain::RuleAnswer;
use super::facts::RuleFacts;
use super::rules::{Rule, nearest};
use super::verdict::Reason;

impl<'a> Case<'a> {
    /// What an unpaid ticket needs; `None` when it enters as it is.
    pub(super) fn while_pending(&self, row: &TicketRow) -> Option<Reason> {
        let has = |flag: u8| row.flags & flag != 0;
        let included = self.list_has(ListFlags::INCLUDE_PENDING);
        if has(TicketRow::NEEDS_APPROVAL) {
            return Some(Reason::Unpaid);
        }
        if has(TicketRow::VALID_IF_PENDING) {
            return None;
        }
        Some(if included {
            Reason::NeedsPayment
        } else {
            Reason::Unpaid
        })
    }

    /// Step 7: the event's rules, then the list's; the first that does not allow is told.
    pub(super) fn check_rules(&self, findings: &mut Findings<'a>) {
        let of_list = self.usage.list().map_or(&[][..], |list| &list.rules);
        if self.policy.rules.is_empty() && of_list.is_empty() {
            return;
        }
        let facts = RuleFacts {
            policy: self.policy,
            class: self.class,
            gate: self.gate_policy(),
            state: self.usage.state(),
            inside: self.usage.is_inside(),
            now: self.now,
            corrected: self.gate.corrected(self.now),
        };
        for (name, text) in self.policy.rules.iter().chain(of_list) {
            let rule = Rule::parse(text);
            let answer = match rule.as_ref().map(|rule| rule.holds(&facts)) {
                Ok(Ok(true)) => continue,
                Ok(Ok(false)) => RuleAnswer::Refused,
                Ok(Err(_)) | Err(_) => RuleAnswer::Broken,
            };
            findings.fail_if(true, Reason::Rule);
            if findings.rule.is_none() {
                findings.rule = Some((name, answer));
                if let (Ok(rule), RuleAnswer::Refused) = (&rule, answer) {
                    findings.obstacles = nearest(rule, &facts);
                }
            }
        }
    }

    /// Step 8: by the ticket, by its row, or for everybody on this list.
    pub(super) fn needs_id(&self) -> bool {
        let by_row = |row: &TicketRow| row.flags & TicketRow::ID_CHECK != 0;
        self.has(Flags::ID_CHECK)
            || self.has(Flags::ADULT)
            || self.facts.row.is_some_and(by_row)
            || self.list_has(ListFlags::ID_CHECK)
    }

    /// Questions about this class that neither the order nor somebody at the gate has answered.
    pub(super) fn open_questions(&self) -> Vec<&'a str> {
        if !self.gate.asks {
            return Vec::new();
        }
        let (policy, facts) = (self.policy, self.facts);
        let open = answers::open(policy, self.payload.class, facts.row, facts.answers);
        open.into_iter()
            .map(|open| open.question.text.as_str())
            .collect()
    }

    pub(super) fn re_enters(&self) -> bool {
        self.re_enters_as(self.payload)
    }

    pub(super) fn re_enters_as(&self, payload: &Payload) -> bool {
        payload.flags.contains(Flags::RE_ENTRY) || self.list_has(ListFlags::RE_ENTRY)
    }

    pub(super) fn list_has(&self, flag: ListFlags) -> bool {
        self.usage.list().is_some_and(|list| list.has(flag))
    }

    pub(super) fn is_listed_at(&self, gate: &GatePolicy) -> bool {
        let list = gate
            .list
            .and_then(|list| self.policy.lists.get(usize::from(list)));
        list.is_none_or(|list| list.admits(self.payload.class))
    }
}
