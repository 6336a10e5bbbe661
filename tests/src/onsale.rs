//! A rush: many buyers at once for few tickets, over REST, with a server that may be killed under
//! them. A buyer who gets no answer asks again with the same `Idempotency-Key`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::api::Api;
use crate::journey;
use crate::poll;
use crate::server::Server;

/// Until a paid order must say so.
const PAID_WITHIN: Duration = Duration::from_secs(30);
const STUCK_AFTER: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Lost answers of one request before something else is wrong.
const LOST_MAX: usize = 20;

/// Who wants what.
pub struct Rush {
    pub buyers: usize,
    pub connections: usize,
    /// Access tokens; buyer `i` uses the one at `i` modulo their count.
    pub bearers: Vec<String>,
    /// What buyer `i` sends to `POST /orders`; the next when that is not to be had.
    pub wishes: Wishes,
}

type Wishes = Box<dyn Fn(usize) -> Vec<Value> + Send + Sync>;

impl Rush {
    /// As many buyers share `accounts` accounts, because hashing a password is made slow.
    ///
    /// # Panics
    /// When the server refuses an account.
    pub fn of(api: &Api, [buyers, connections, accounts]: [usize; 3], wishes: Wishes) -> Self {
        let accounts = (0..accounts).map(|at| journey::account(api, &format!("mai{at}")));
        Self {
            buyers,
            connections,
            bearers: accounts
                .map(|api| api.bearer().expect("logged in").to_owned())
                .collect(),
            wishes,
        }
    }
}

/// What came of it.
pub struct Outcome {
    /// Ids of the tickets in paid orders and their seats, if they have any; how often one was sold
    /// again.
    pub tickets: BTreeSet<String>,
    pub seats: BTreeSet<String>,
    pub sold_twice: usize,
    pub bought: usize,
    /// Told that all is sold, or held by others.
    pub late: usize,
    /// Answers that nobody should get.
    pub wrong: Vec<String>,
    /// Requests that were sent again because no answer came.
    pub repeated: usize,
    /// Microseconds of each request that was answered at its first try.
    pub order_latency: Histogram<u64>,
    pub latency: Histogram<u64>,
    pub elapsed: Duration,
}

impl Outcome {
    fn new() -> Self {
        Self {
            tickets: BTreeSet::new(),
            seats: BTreeSet::new(),
            sold_twice: 0,
            bought: 0,
            late: 0,
            wrong: Vec::new(),
            repeated: 0,
            order_latency: Histogram::new(3).expect("a histogram"),
            latency: Histogram::new(3).expect("a histogram"),
            elapsed: Duration::ZERO,
        }
    }

    fn add(&mut self, other: Self) {
        for ticket in other.tickets {
            self.sold_twice += usize::from(!self.tickets.insert(ticket));
        }
        for seat in other.seats {
            self.sold_twice += usize::from(!self.seats.insert(seat));
        }
        self.sold_twice += other.sold_twice;
        self.bought += other.bought;
        self.late += other.late;
        self.wrong.extend(other.wrong);
        self.repeated += other.repeated;
        self.order_latency
            .add(other.order_latency)
            .expect("one shape");
        self.latency.add(other.latency).expect("one shape");
    }
}

/// Runs it; when as many buyers are through as `kills` say, the server dies and comes back.
///
/// # Panics
/// When the server does not come back, or nobody gets through for minutes.
pub fn run(server: &mut Server, rush: Rush, kills: &[usize]) -> Outcome {
    let (lives, living) = watch::channel(0_usize);
    let (through, counted) = watch::channel(0_usize);
    let crowd = Arc::new(Crowd {
        base: format!("{}/api/v1", server.url()),
        rush,
        living,
        next: AtomicUsize::new(0),
        through,
    });
    let started = Instant::now();
    std::thread::scope(|scope| {
        let everybody = scope.spawn(|| all(&crowd));
        for kill in kills {
            poll::until("buyers to get through", STUCK_AFTER, || {
                (*counted.borrow() >= *kill).then_some(())
            });
            server.kill();
            server.resume();
            lives.send_modify(|life| *life += 1);
        }
        let mut outcome = everybody.join().expect("the buyers");
        outcome.elapsed = started.elapsed();
        outcome
    })
}

fn all(crowd: &Arc<Crowd>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let buyers: Vec<_> = (0..crowd.rush.connections)
            .map(|_| tokio::spawn(buy_on(Arc::clone(crowd))))
            .collect();
        let mut outcome = Outcome::new();
        for of in buyers {
            outcome.add(of.await.expect("a buyer"));
        }
        outcome
    })
}

struct Crowd {
    rush: Rush,
    base: String,
    /// How often the server came back.
    living: watch::Receiver<usize>,
    next: AtomicUsize,
    through: watch::Sender<usize>,
}

/// One connection: buyers one after the other.
async fn buy_on(crowd: Arc<Crowd>) -> Outcome {
    let mut line = Line {
        http: Client::builder().no_proxy().build().expect("a client"),
        living: crowd.living.clone(),
        outcome: Outcome::new(),
        crowd: Arc::clone(&crowd),
    };
    loop {
        let buyer = crowd.next.fetch_add(1, Ordering::Relaxed);
        if buyer >= crowd.rush.buyers {
            return line.outcome;
        }
        if let Err(wrong) = line.buy(buyer).await {
            line.outcome.wrong.push(format!("buyer {buyer}: {wrong}"));
        }
        crowd.through.send_modify(|count| *count += 1);
    }
}

struct Line {
    http: Client,
    living: watch::Receiver<usize>,
    outcome: Outcome,
    crowd: Arc<Crowd>,
}

impl Line {
    async fn buy(&mut self, buyer: usize) -> Result<(), String> {
        let bearers = &self.crowd.rush.bearers;
        let bearer = bearers[buyer % bearers.len()].clone();
        let Some(order) = self.hold(buyer, &bearer).await? else {
            self.outcome.late += 1;
            return Ok(());
        };
        let id = order["id"].as_str().unwrap_or_default().to_owned();
        let wanted = json!({"orderId": id, "provider": "demo"});
        let key = format!("payment-{buyer}");
        let (status, payment) = self
            .send(Method::POST, "/payments", &bearer, Some((&key, &wanted)))
            .await?;
        let payment = expected(status, 201, &payment)?["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let pay = format!("/payments/demo/{payment}/pay");
        let (status, paid) = self
            .send(Method::POST, &pay, &bearer, Some(("", &json!({}))))
            .await?;
        expected(status, 200, &paid)?;
        let order = self.paid(&id, &bearer).await?;
        for ticket in order["tickets"].as_array().into_iter().flatten() {
            let id = ticket["id"].as_str().unwrap_or_default().to_owned();
            self.outcome.sold_twice += usize::from(!self.outcome.tickets.insert(id));
            if let Some(seat) = ticket["seat"].as_str() {
                let is_new = self.outcome.seats.insert(seat.to_owned());
                self.outcome.sold_twice += usize::from(!is_new);
            }
        }
        self.outcome.bought += 1;
        Ok(())
    }

    /// The first wish that can be had; `None`: others were faster.
    async fn hold(&mut self, buyer: usize, bearer: &str) -> Result<Option<Value>, String> {
        for (at, wish) in (self.crowd.rush.wishes)(buyer).into_iter().enumerate() {
            let key = format!("order-{buyer}-{at}");
            let (status, order) = self
                .send(Method::POST, "/orders", bearer, Some((&key, &wish)))
                .await?;
            if status != 409 || (order["code"] != "sold_out" && order["code"] != "all_held") {
                return expected(status, 201, &order).map(|order| Some(order.clone()));
            }
        }
        Ok(None)
    }

    /// The order, once it says that it is paid: after a kill the server's own job says so.
    async fn paid(&mut self, id: &str, bearer: &str) -> Result<Value, String> {
        let started = Instant::now();
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            let (status, order) = self
                .send(Method::GET, &format!("/orders/{id}"), bearer, None)
                .await?;
            if expected(status, 200, &order)?["status"] == "PAID" {
                return Ok(order);
            }
            if started.elapsed() > PAID_WITHIN {
                return Err(format!("not paid: {order}"));
            }
        }
    }

    /// One request until it is answered; `body` comes with its `Idempotency-Key`.
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        bearer: &str,
        body: Option<(&str, &Value)>,
    ) -> Result<(u16, Value), String> {
        for attempt in 0..LOST_MAX {
            let life = *self.living.borrow();
            let mut request = self
                .http
                .request(method.clone(), format!("{}{path}", self.crowd.base))
                .bearer_auth(bearer);
            if let Some((key, body)) = body {
                request = request.json(body);
                if !key.is_empty() {
                    request = request.header("Idempotency-Key", key);
                }
            }
            let sent = Instant::now();
            if let Ok((status, answer)) = answer(request).await {
                if attempt == 0 {
                    self.took(path, sent.elapsed());
                }
                return Ok((status, answer));
            }
            self.outcome.repeated += 1;
            // Back at once when the server came back while this was under way.
            if self.living.wait_for(|now| *now > life).await.is_err() {
                return Err("the server went away for good".to_owned());
            }
        }
        Err(format!("{path}: no answer"))
    }

    fn took(&mut self, path: &str, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.outcome.latency.record(micros).expect("in range");
        if path == "/orders" {
            self.outcome.order_latency.record(micros).expect("in range");
        }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> reqwest::Result<(u16, Value)> {
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    Ok((status, answer.json().await?))
}

fn expected(status: u16, wanted: u16, body: &Value) -> Result<&Value, String> {
    if status == wanted {
        Ok(body)
    } else {
        Err(format!("{status} {body}"))
    }
}
