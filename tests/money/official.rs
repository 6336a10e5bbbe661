//! The double against the gateway's official clients (`payos` 1.1.0 for Python, `@payos/node` 2.0.5),
//! which check every signature by themselves: what our server believes is not a language that only
//! our double speaks.
//!
//! `GATEHOUSE_PAYOS_SDK` and `GATEHOUSE_PAYOS_NODE` name the folders where pip and npm have put them;
//! `tests/run` does that.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tests::payos::Payos;

use crate::shop::{PRICE, Plan, Shop};

/// One of the clients, and what runs it.
struct Official {
    program: &'static str,
    script: &'static str,
    /// Names the client's folder.
    installed: &'static str,
    /// Where the program looks for it.
    path: &'static str,
}

const PYTHON: Official = Official {
    program: "python3",
    script: "official.py",
    installed: "GATEHOUSE_PAYOS_SDK",
    path: "PYTHONPATH",
};
const NODE: Official = Official {
    program: "node",
    script: "official.cjs",
    installed: "GATEHOUSE_PAYOS_NODE",
    path: "NODE_PATH",
};

impl Official {
    /// What the client says; `None`, with a note, where it is not installed.
    #[expect(
        clippy::print_stderr,
        reason = "a suite that did not run must say so in the test output"
    )]
    fn says(&self, payos: &Payos, arguments: &[&str], lines: &str) -> Option<String> {
        let Some(folder) = std::env::var_os(self.installed) else {
            eprintln!(
                "note: an official client was not run: {} does not name its folder",
                self.installed
            );
            return None;
        };
        let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("money");
        let mut client = Command::new(self.program)
            .arg(scripts.join(self.script))
            .args(arguments)
            .env(self.path, folder)
            .envs(payos.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the client's program");
        let mut stdin = client.stdin.take().expect("its stdin");
        stdin.write_all(lines.as_bytes()).expect("written");
        drop(stdin);
        let ended = client.wait_with_output().expect("its end");
        assert!(ended.status.success(), "{ended:?}");
        Some(String::from_utf8(ended.stdout).expect("text"))
    }
}

#[test]
fn the_official_client_for_python_takes_the_double_for_the_gateway() {
    // P1, payments.md 7
    talks_to(&PYTHON);
}

#[test]
fn the_official_client_for_node_takes_the_double_for_the_gateway() {
    // P1, payments.md 7
    talks_to(&NODE);
}

fn talks_to(client: &Official) {
    let shop = Shop::open(Plan::default());
    let webhook = shop.payos.webhook_url().expect("the shop's");
    let base = shop.payos.url();
    let Some(said) = client.says(&shop.payos, &["talk", &base, &webhook], "") else {
        return;
    };
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let link = shop.payos.only_link();
    let right = json!({
        "made": "PENDING", "again": "231", "unknown": "101",
        "byCode": [link.id, "PENDING", 0], "same": true,
        "cancelled": "CANCELLED", "confirmed": webhook,
    });
    assert_eq!(said, right);

    // Every webhook that it sends holds, and a changed one does not.
    let (_, _, code) = shop.linked(1);
    shop.payos.transfer(code, PRICE, "thanh toán đơn hàng & co");
    shop.payos.transfer(code, 1, "\"&orderCode=1");
    let sent = shop.payos.outbox();
    let forged = sent[0].body.replace("250000", "250001");
    let ping = shop.payos.envelope(&Payos::sample());
    let bodies = [&sent[0].body, &sent[1].body, &forged, &ping];
    let lines: String = bodies
        .iter()
        .flat_map(|body| [body.as_str(), "\n"])
        .collect();
    let said = client
        .says(&shop.payos, &["verify"], &lines)
        .expect("as before");
    let code = code.to_string();
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [code.as_str(), &code, "refused", "123"]
    );
}
