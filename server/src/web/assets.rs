//! Style sheet and scripts, compiled in.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// One static file.
pub(super) struct Asset {
    pub(super) body: &'static str,
    content_type: &'static str,
}

pub(super) const PAGE_CSS: Asset = Asset {
    body: include_str!("assets/page.css"),
    content_type: "text/css; charset=utf-8",
};
pub(super) const TICKET_JS: Asset = Asset {
    body: include_str!("assets/ticket.js"),
    content_type: "text/javascript; charset=utf-8",
};
pub(super) const QR_JS: Asset = Asset {
    body: include_str!("assets/qr.js"),
    content_type: "text/javascript; charset=utf-8",
};
pub(super) const TURNING_JS: Asset = Asset {
    body: include_str!("assets/turning.js"),
    content_type: "text/javascript; charset=utf-8",
};
pub(super) const LIVE_CSS: Asset = Asset {
    body: include_str!("assets/live.css"),
    content_type: "text/css; charset=utf-8",
};
pub(super) const LIVE_JS: Asset = Asset {
    body: include_str!("assets/live.js"),
    content_type: "text/javascript; charset=utf-8",
};
pub(super) const PASSKEYS_JS: Asset = Asset {
    body: include_str!("assets/passkeys.js"),
    content_type: "text/javascript; charset=utf-8",
};
pub(super) const SERVICE_WORKER_JS: Asset = Asset {
    body: include_str!("assets/sw.js"),
    content_type: "text/javascript; charset=utf-8",
};

impl Asset {
    /// The file, or 304 when the browser has it. Browsers ask each time, so an update shows at once.
    pub(super) fn answer(&self, request: &HeaderMap) -> Response {
        let tag = format!("\"{}\"", &blake3::hash(self.body.as_bytes()).to_hex()[..32]);
        let known = request
            .get(header::IF_NONE_MATCH)
            .and_then(|tag| tag.to_str().ok());
        let is_known = known.is_some_and(|known| known.contains(&tag));
        let headers = [
            (header::ETAG, tag),
            (header::CACHE_CONTROL, "public, no-cache".to_owned()),
            (header::CONTENT_TYPE, self.content_type.to_owned()),
            // A service worker fetches under the policy of its own script.
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; connect-src 'self'".to_owned(),
            ),
        ];
        if is_known {
            (StatusCode::NOT_MODIFIED, headers).into_response()
        } else {
            (headers, self.body).into_response()
        }
    }
}
