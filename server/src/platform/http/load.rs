//! Who is served when there is too much to do: whoever looks around waits first, then whoever buys;
//! gates, webhooks and probes are always served (H6).
//!
//! Invariants: what is turned away has cost nothing and changed nothing; the answer says when to come
//! again; a place is given back however its request ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::Method;

/// Requests in flight from which on nobody looks around.
const BROWSING_MAX: usize = 384;
/// And from which on nobody orders, claims or edits.
const WORK_MAX: usize = 768;
const BROWSING_RETRY_SECS: u64 = 5;
const WORK_RETRY_SECS: u64 = 2;

/// How much a request can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    /// Somebody stands at a gate, a payment has happened, or a machine asks whether we live.
    Vital,
    /// Orders, claims, edits.
    Work,
    /// Looking around.
    Browsing,
}

/// By route template: the path itself is nobody's business here.
pub(super) fn priority(method: &Method, template: &str) -> Priority {
    let api = template.strip_prefix("/api/v1");
    let is_probe = matches!(template, "/healthz" | "/readyz" | "/metrics");
    let is_gate = api.is_some_and(|path| {
        // Those that gateways call, not those that organizers have.
        let tells = path.starts_with("/payments/") && path.contains("/webhook");
        path.starts_with("/gate/") || path.ends_with("/validate") || tells
    });
    if is_probe || is_gate {
        return Priority::Vital;
    }
    let browses = match api {
        Some(path) => {
            let is_public = ["/events", "/venues", "/issued-tickets"];
            is_public.iter().any(|start| path.starts_with(start))
        }
        None => !template.starts_with("/t/") && !template.starts_with("/pay/"),
    };
    if method.is_safe() && browses {
        Priority::Browsing
    } else {
        Priority::Work
    }
}

/// Counts requests in flight.
#[derive(Clone, Debug, Default)]
pub struct Load(Arc<AtomicUsize>);

/// A request's place.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Load {
    /// A place, or the seconds after which to come again.
    pub(super) fn enter(&self, priority: Priority) -> Result<Place, u64> {
        let inside = self.0.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(&self.0));
        let (max, retry_secs) = match priority {
            Priority::Vital => return Ok(place),
            Priority::Work => (WORK_MAX, WORK_RETRY_SECS),
            Priority::Browsing => (BROWSING_MAX, BROWSING_RETRY_SECS),
        };
        if inside < max {
            Ok(place)
        } else {
            Err(retry_secs)
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looks_around_waits_first_and_gates_never() {
        // H6
        let load = Load::default();
        let mut places = Vec::new();
        for _ in 0..BROWSING_MAX {
            places.push(load.enter(Priority::Browsing).expect("room"));
        }
        assert_eq!(
            load.enter(Priority::Browsing).err(),
            Some(BROWSING_RETRY_SECS)
        );
        while places.len() < WORK_MAX {
            places.push(load.enter(Priority::Work).expect("room"));
        }
        assert_eq!(load.enter(Priority::Work).err(), Some(WORK_RETRY_SECS));
        for _ in 0..WORK_MAX {
            places.push(load.enter(Priority::Vital).expect("always"));
        }
        // Whoever was turned away holds no place.
        places.truncate(BROWSING_MAX - 1);
        assert!(load.enter(Priority::Browsing).is_ok());
    }

    #[test]
    fn each_kind_of_route_has_its_priority() {
        // H6
        for (method, template, expected) in [
            (Method::GET, "/healthz", Priority::Vital),
            (Method::POST, "/api/v1/gate/sync", Priority::Vital),
            (
                Method::POST,
                "/api/v1/payments/webhook/stripe",
                Priority::Vital,
            ),
            (
                Method::GET,
                "/api/v1/claimed-tickets/{id}/validate",
                Priority::Vital,
            ),
            (Method::POST, "/api/v1/orders", Priority::Work),
            (Method::POST, "/api/v1/events", Priority::Work),
            // An organizer's own webhook is no gateway's.
            (Method::POST, "/api/v1/webhooks/{id}/ping", Priority::Work),
            (Method::GET, "/api/v1/orders/{id}", Priority::Work),
            (Method::GET, "/t/{page}", Priority::Work),
            (Method::GET, "/api/v1/events/{id}/seats", Priority::Browsing),
            (Method::GET, "/events/{id}", Priority::Browsing),
            (Method::GET, "unmatched", Priority::Browsing),
        ] {
            assert_eq!(priority(&method, template), expected, "{method} {template}");
        }
    }
}
