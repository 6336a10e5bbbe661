//! Alerts of the gates (V10): two servers on one database tell each of them once.

use std::collections::BTreeSet;
use std::sync::Arc;

use server::accounts::model::User;
use server::app::{App, AppState};
use server::config::{Overrides, load_with};
use server::events::model::{Event, Gate};
use server::gate::model::GateDevice;
use server::gate::{self, Incident, IncidentKind};
use server::hooks::{Hook, HookMessage};
use server::notices::{GateAlertsMail, Mail, Notice};
use server::platform::clock::FixedClock;
use server::platform::db::{DbError, Query, Tx};
use server::platform::entropy::SystemEntropy;
use server::platform::jobs::{Job, JobsHandle};
use shared::api::accounts::Role;
use shared::api::events::{CreateEvent, EventStatus};
use shared::api::gate::{DeviceRole, DeviceStatus};
use shared::api::hooks::HookKind;
use shared::ids::{DeviceId, EventId, GateId, HookId, UserId};
use shared::time::Timestamp;
use tempfile::TempDir;

use crate::stage::{NOW, Stage};

const ORGANIZER: UserId = UserId::from_bytes([1; 16]);
const EVENT: EventId = EventId::from_bytes([2; 16]);
const GATE: GateId = GateId::from_bytes([3; 16]);
const DEVICE: DeviceId = DeviceId::from_bytes([4; 16]);
const HOOK: HookId = HookId::from_bytes([5; 16]);
const ADDRESS: &str = "lan@example.org";

/// Two servers, and an event of an organizer who wants to know.
struct House {
    servers: [AppState; 2],
    clock: Arc<FixedClock>,
    _folder: TempDir,
}

impl House {
    async fn open(stage: &Stage) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Stage::clock();
        // One after the other: the second takes the keys of the first.
        let first = server(stage, &folder, &clock).await;
        let second = server(stage, &folder, &clock).await;
        let secret = first.vault.wrap("a hook", b"its secret").expect("wrapped");
        let hook = Hook {
            id: HOOK,
            owner: ORGANIZER,
            event: Some(EVENT),
            url: "http://127.0.0.1:9/".to_owned(),
            kinds: vec![HookKind::GateAlert],
            secret,
            created_at: NOW,
        };
        let put = first.db.write(move |tx| -> Result<(), DbError> {
            tx.insert(&organizer())?;
            tx.insert(&event())?;
            tx.insert(&gate())?;
            tx.insert(&device())?;
            tx.insert(&hook).map(drop)
        });
        put.await.expect("put");
        Self {
            servers: [first, second],
            clock,
            _folder: folder,
        }
    }

    /// Both servers run what is due, at once.
    async fn run(&self) {
        let [first, second] = self.servers.each_ref().map(App::runner);
        let (first, second) = tokio::join!(first.run_due(), second.run_due());
        first.and(second).expect("the jobs run");
    }

    async fn after(&self, secs: i64) {
        self.clock.advance(secs * 1_000);
        self.run().await;
    }

    async fn write(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<(), DbError> + Send + Sync + 'static,
    ) {
        self.servers[0].db.write(work).await.expect("written");
    }

    /// What the hook was told.
    async fn heard(&self) -> usize {
        let query = Query::on("by_hook").eq(HOOK);
        let messages = self.servers[0].db.list::<HookMessage>(&query).await;
        messages.expect("read").len()
    }

    async fn mails(&self) -> Vec<GateAlertsMail> {
        let query = Query::on("by_recipient").eq(ADDRESS);
        let mails = self.servers[0].db.list::<Notice>(&query).await;
        let mails = mails.expect("read").into_iter();
        mails
            .filter_map(|mail| match mail.into_inner().mail {
                Mail::GateAlerts(mail) => Some(mail),
                _ => None,
            })
            .collect()
    }

    async fn is_done(&self) -> bool {
        let jobs = self.servers[0].db.list::<Job>(&Query::on("id")).await;
        let jobs = jobs.expect("read");
        !jobs.iter().any(|job| job.kind.starts_with("gate."))
    }
}

async fn server(stage: &Stage, folder: &TempDir, clock: &Arc<FixedClock>) -> AppState {
    let overrides = Overrides {
        data_dir: Some(folder.path().to_owned()),
        ..Overrides::default()
    };
    let url = stage.url().to_owned();
    let set = |name: &str| (name == "DATABASE_URL").then(|| url.clone());
    let mut config = load_with(&overrides, set).expect("a valid configuration");
    "http://gatehouse.test".clone_into(&mut config.public_url);
    let clock = Arc::<FixedClock>::clone(clock);
    let app = App::start(config, clock, Arc::new(SystemEntropy)).await;
    app.expect("the server starts")
}

fn organizer() -> User {
    User {
        id: ORGANIZER,
        email: ADDRESS.to_owned(),
        email_key: ADDRESS.to_owned(),
        username: "lan".to_owned(),
        username_key: "lan".to_owned(),
        password_hash: String::new(),
        role: Role::Organizer,
        created_at: NOW,
        verified_at: Some(NOW),
        display_name: None,
        erased_at: None,
    }
}

fn event() -> Event {
    let wanted = serde_json::json!({
        "title": "River Festival", "startDate": NOW, "endDate": NOW.plus_secs(10 * 3_600),
        "timezone": "Asia/Ho_Chi_Minh", "capacity": 100,
    });
    let wanted: CreateEvent = serde_json::from_value(wanted).expect("an event");
    let mut event = Event::draft(EVENT, ORGANIZER, wanted, NOW).expect("a draft");
    event.status = EventStatus::Published;
    event
}

fn gate() -> Gate {
    Gate {
        id: GATE,
        event_id: EVENT,
        index: 0,
        name: "Gate A".to_owned(),
        zones: 0,
        created_at: NOW,
        archived: None,
    }
}

fn device() -> GateDevice {
    GateDevice {
        id: DEVICE,
        event: EVENT,
        name: "North 1".to_owned(),
        gate: GATE,
        zones: 0,
        role: DeviceRole::Kiosk,
        attended: true,
        status: DeviceStatus::Enrolled,
        created_at: NOW,
        code_hash: None,
        code_expires_at: NOW,
        public_key: None,
        enrolled_at: Some(NOW),
        evicted_at: None,
        cut: Vec::new(),
        adopted: Vec::new(),
        last_seen_at: None,
        clock_offset_ms: 0,
        app_version: String::new(),
        report: None,
        transcript_code: None,
        entries: 0,
    }
}

/// The device spoke.
fn heard_of(tx: &mut Tx<'_>, at: Timestamp) -> Result<(), DbError> {
    let mut device = tx.get::<GateDevice>(&DEVICE.to_string())?.expect("there");
    device.last_seen_at = Some(at);
    tx.replace(&mut device)
}

fn incident(number: u32, at: Timestamp) -> Incident {
    let kind = IncidentKind::SameTicketTwice;
    Incident::new(EVENT, kind, DEVICE, number.to_string(), at).about(number)
}

pub(crate) async fn servers_that_race_tell_an_incident_once(stage: &Stage) {
    // V10 N3
    let house = House::open(stage).await;
    house.write(|tx| incident(7, NOW).note(tx)).await;
    // Another device's sync brings the same.
    house.write(|tx| incident(7, NOW).note(tx)).await;
    house.run().await;
    assert_eq!(house.heard().await, 1);
    for _ in 0..3 {
        house.after(10).await;
    }
    assert_eq!((house.heard().await, house.mails().await.len()), (1, 1));
    let says = &house.mails().await[0].alerts[0].says;
    assert_eq!(
        says,
        "Ticket 7 came in twice, the second time at North 1 (Gate A)."
    );
}

/// One server notes, the other mails: an alert that is noted while a mail is being written is in that one
/// or in the next.
pub(crate) async fn servers_that_race_lose_no_alert_between_mails(stage: &Stage) {
    // V10 N3
    let house = House::open(stage).await;
    let [first, second] = &house.servers;
    for number in 0..24 {
        house.clock.advance(150_000);
        let now = NOW.plus_secs(150 * (i64::from(number) + 1));
        let noting = async {
            let db = &first.db;
            let noted =
                db.write(move |tx| -> Result<(), DbError> { incident(number, now).note(tx) });
            noted.await.expect("noted");
            first.runner().run_due().await.expect("the jobs run");
        };
        let mailing = async {
            second.runner().run_due().await.expect("the jobs run");
        };
        tokio::join!(noting, mailing);
    }
    for _ in 0..3 {
        house.after(600).await;
    }
    let mails = house.mails().await;
    let told: Vec<&String> = mails
        .iter()
        .flat_map(|mail| &mail.alerts)
        .map(|line| &line.says)
        .collect();
    assert_eq!(told.len(), 24, "each once: {told:?}");
    assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), 24);
    // An hour of alerts, and a mail in ten minutes at most.
    assert!((6..=8).contains(&mails.len()), "{}", mails.len());
    assert!(house.is_done().await, "nothing waits any more");
}

pub(crate) async fn servers_that_race_tell_what_stands_once(stage: &Stage) {
    // V10 N3
    let house = House::open(stage).await;
    for app in &house.servers {
        gate::jobs::schedule(app, NOW).await.expect("planned");
    }
    assert_eq!(
        JobsHandle::new(&house.servers[0].db)
            .counts()
            .await
            .expect("counted")
            .live,
        1,
        "one look for all servers"
    );
    for (minute, told) in [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (6, 1)] {
        house.after(60).await;
        assert_eq!(house.heard().await, told, "minute {minute}");
    }
    house.write(|tx| heard_of(tx, NOW.plus_secs(370))).await;
    for (minute, told) in [(7, 1), (8, 1), (9, 1), (10, 2), (11, 2)] {
        house.after(60).await;
        assert_eq!(house.heard().await, told, "minute {minute}");
    }
    house.after(600).await;
    house.after(60).await;
    let mails = house.mails().await;
    let told: Vec<usize> = mails.iter().map(|mail| mail.alerts.len()).collect();
    assert_eq!(told, [1, 1]);
}
