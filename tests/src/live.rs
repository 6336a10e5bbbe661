//! A reader of an event's live view: what a screen would know.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

use crate::api::Api;

const WITHIN: Duration = Duration::from_secs(60);

/// An open stream, and the state as it says.
pub struct Live {
    lines: BufReader<Response>,
    pub state: Value,
}

impl Live {
    /// # Panics
    /// When the server refuses, or tells no state.
    pub fn open(api: &Api, event: &str) -> Self {
        let http = Client::builder().timeout(WITHIN).no_proxy().build();
        let url = format!("{}/api/v1/events/{event}/gate/live", api.base());
        let request = http.expect("client").get(url);
        let request = request.bearer_auth(api.bearer().expect("a login"));
        let answer = request.header("accept", "text/event-stream").send();
        let answer = answer.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        let mut live = Self {
            lines: BufReader::new(answer),
            state: Value::Null,
        };
        live.step();
        assert_eq!(live.state["eventId"], event, "the state comes first");
        live
    }

    /// Reads until the state is as wanted.
    ///
    /// # Panics
    /// When it does not get so within a minute.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> &Value {
        while !wanted(&self.state) {
            self.step();
        }
        &self.state
    }

    /// One event of the stream.
    fn step(&mut self) {
        let mut data = String::new();
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("the stream goes on");
            assert!(read > 0, "the stream ended at {}", self.state);
            let line = line.trim_end();
            if let Some(rest) = line.strip_prefix("data:") {
                data.push_str(rest.trim_start());
            }
            if line.is_empty() && !data.is_empty() {
                break;
            }
        }
        self.take(&serde_json::from_str(&data).expect("JSON"));
    }

    fn take(&mut self, said: &Value) {
        if self.state.is_null() {
            self.state = said.clone();
            return;
        }
        if !said["total"].is_null() {
            self.state["total"] = said["total"].clone();
        }
        for (list, key) in [
            ("gates", "index"),
            ("devices", "deviceId"),
            ("alerts", "id"),
        ] {
            for item in said[list].as_array().into_iter().flatten() {
                let known = self.state[list].as_array_mut().expect("a list");
                known.retain(|known| known[key] != item[key]);
                known.push(item.clone());
            }
        }
        for id in said["cleared"].as_array().into_iter().flatten() {
            let alerts = self.state["alerts"].as_array_mut().expect("alerts");
            alerts.retain(|alert| alert["id"] != *id);
        }
        self.state["at"] = json!(said["at"]);
    }

    /// Kinds of the alerts that stand.
    pub fn alerts(&self) -> Vec<String> {
        let alerts = self.state["alerts"].as_array().into_iter().flatten();
        let mut kinds: Vec<String> = alerts
            .filter_map(|alert| alert["kind"].as_str().map(str::to_owned))
            .collect();
        kinds.sort();
        kinds
    }
}
