//! Logs and metrics of the process.
//!
//! Invariants: installed once, by the binary; library code only emits. No secret, body, header
//! value or raw path is ever logged: see `docs/LOGGING.md`.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{LogFormat, LogSettings};

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("log.filter (RUST_LOG) is not a filter; an example is `info,server=debug`")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("logging was set up twice")]
    Twice(#[from] TryInitError),
}

/// Logs go to stderr: stdout belongs to the commands.
pub fn init_logs(settings: &LogSettings) -> Result<(), TelemetryError> {
    let registry = tracing_subscriber::registry().with(EnvFilter::try_new(&settings.filter)?);
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.format {
        LogFormat::Json => registry.with(layer.json()).try_init()?,
        LogFormat::Pretty => registry.with(layer.with_target(false)).try_init()?,
    }
    Ok(())
}

/// Upper bounds of the latency buckets, in seconds.
const LATENCY_BUCKETS: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the recorder of this process; later calls do nothing.
#[expect(clippy::missing_panics_doc, reason = "the buckets are constants")]
pub fn init_metrics() {
    METRICS.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY_BUCKETS)
            .expect("the buckets are not empty")
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed; /metrics stays empty");
        }
        handle
    });
}

/// All metrics in the Prometheus text format; empty before [`init_metrics`].
pub fn render_metrics() -> String {
    METRICS
        .get()
        .map_or_else(String::new, PrometheusHandle::render)
}

/// Drains the histograms; must run every few seconds or they grow between scrapes.
pub fn run_upkeep() {
    if let Some(handle) = METRICS.get() {
        handle.run_upkeep();
    }
}
