//! Admission: text to verdict, scenarios, corpus, rules, sentences, totality.

mod add_ons;
mod answers;
mod clashes;
mod corpus;
mod explanations;
mod fixture;
mod holding;
mod logic;
mod media;
mod nearest;
mod overruling;
mod properties;
mod reading;
mod rule_scenarios;
mod rules;
mod scenarios;
mod standing;
mod suspects;
mod table;
mod turning;
