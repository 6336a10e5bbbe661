//! Handing mails to a mail server: SMTP, through `lettre`.
//!
//! Invariants: passwords never travel in clear to another machine; an error names no address and no
//! words of the mail; what the mail server answered decides: 4xx and broken connections are tried
//! again, 5xx is final, except where it is about our login.

use std::fmt;
use std::time::{Duration, SystemTime};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{self};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use reqwest::Url;
use shared::time::Timestamp;

use super::letter::Rendered;

/// Of each step of the dialogue; a job has 45 s for all of it.
const STEP_WITHIN: Duration = Duration::from_secs(10);
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;

/// A mail on its way.
#[derive(Clone, Debug)]
pub struct Envelope<'a> {
    pub to: &'a str,
    pub message_id: String,
    pub at: Timestamp,
    pub letter: &'a Rendered,
    /// Where one click stops such mails.
    pub unsubscribe: Option<&'a str>,
}

/// Why a mail did not go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    Later(String),
    Never(String),
}

/// Where mails go.
pub trait Transport: Send + Sync {
    fn send<'a>(&'a self, mail: Envelope<'a>) -> BoxFuture<'a, Result<(), Failure>>;
    /// Our name, in Message-IDs.
    fn host(&self) -> &str;
}

/// What is wrong with the settings of mail; never with the password in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadMailSettings(&'static str);

/// A mail server.
pub struct Smtp {
    mailer: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    host: String,
}

impl Smtp {
    /// From `smtp://user:password@host:port` or `smtps://…`; `from` is `Name <address>`.
    pub fn new(url: &str, from: Option<&str>, public_url: &str) -> Result<Self, BadMailSettings> {
        const BAD_URL: BadMailSettings = BadMailSettings(
            "smtp_url: must be like smtp://user:password@host:587 or smtps://host:465",
        );
        let url = Url::parse(url).map_err(|_| BAD_URL)?;
        let server = url.host_str().ok_or(BAD_URL)?.to_owned();
        let host = Url::parse(public_url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_else(|| "localhost".to_owned());
        let (tls, port) = tls(&url, &server)?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server)
            .port(url.port().unwrap_or(port))
            .hello_name(ClientId::Domain(host.clone()))
            .timeout(Some(STEP_WITHIN))
            .tls(tls);
        if !url.username().is_empty() {
            let user = decoded(url.username());
            let password = decoded(url.password().unwrap_or_default());
            builder = builder.credentials(Credentials::new(user, password));
        }
        let from = match from {
            Some(from) => from.parse(),
            None => format!("Gatehouse <no-reply@{host}>").parse(),
        };
        Ok(Self {
            mailer: builder.build(),
            from: from.map_err(|_| {
                BadMailSettings("mail.from: must be like Tickets <tickets@example.com>")
            })?,
            host,
        })
    }

    fn message(&self, mail: &Envelope<'_>) -> Result<Message, Failure> {
        let never = |why: &str| Failure::Never(why.to_owned());
        let to: Address = mail
            .to
            .parse()
            .map_err(|_| never("the address is not one"))?;
        let since = Duration::from_millis(u64::try_from(mail.at.as_millis()).unwrap_or(0));
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.letter.subject.as_str())
            .message_id(Some(mail.message_id.clone()))
            .date(SystemTime::UNIX_EPOCH + since)
            .raw_header(raw("Auto-Submitted", "auto-generated"));
        if let Some(url) = mail.unsubscribe {
            message = message
                .raw_header(raw("List-Unsubscribe", &format!("<{url}>")))
                .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
        }
        let boundary = mail.message_id.trim_matches(['<', '>']);
        let boundary = boundary.split('@').next().unwrap_or_default();
        let both = MultiPart::alternative()
            .boundary(boundary)
            .singlepart(SinglePart::plain(mail.letter.text.clone()))
            .singlepart(SinglePart::html(mail.letter.html.clone()));
        message
            .multipart(both)
            .map_err(|_| never("the mail cannot be written"))
    }
}

impl Transport for Smtp {
    fn send<'a>(&'a self, mail: Envelope<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            let message = self.message(&mail)?;
            let sent = self.mailer.send(message).await;
            sent.map(drop).map_err(|error| failure(&error))
        }
        .boxed()
    }

    fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").finish_non_exhaustive()
    }
}

/// In clear only to this machine, unless somebody insists.
fn tls(url: &Url, server: &str) -> Result<(Tls, u16), BadMailSettings> {
    let parameters = || {
        TlsParameters::new(server.to_owned())
            .map_err(|_| BadMailSettings("smtp_url: the host cannot be reached over TLS"))
    };
    let wish = url.query_pairs().find(|(key, _)| key == "tls");
    let is_local = matches!(server, "localhost" | "127.0.0.1" | "[::1]");
    match (url.scheme(), wish.as_ref().map(|(_, wish)| &**wish)) {
        ("smtps", None) => Ok((Tls::Wrapper(parameters()?), SUBMISSIONS_PORT)),
        ("smtp", Some("none")) => Ok((Tls::None, SUBMISSION_PORT)),
        ("smtp", None) if is_local => Ok((Tls::None, SUBMISSION_PORT)),
        ("smtp", None | Some("required")) => Ok((Tls::Required(parameters()?), SUBMISSION_PORT)),
        _ => Err(BadMailSettings(
            "smtp_url: must start with smtp:// or smtps://; ?tls=none sends in clear",
        )),
    }
}

fn decoded(text: &str) -> String {
    // Through the query parser, which is the percent decoder at hand; a plus is a plus here.
    let query = format!("v={}", text.replace('+', "%2B"));
    let mut url = Url::parse("smtp://localhost/").ok();
    if let Some(url) = &mut url {
        url.set_query(Some(&query));
    }
    url.and_then(|url| {
        url.query_pairs()
            .next()
            .map(|(_, value)| value.into_owned())
    })
    .unwrap_or_default()
}

/// Names and values are ours and plain ASCII; anything else would be left out, not let through.
fn raw(name: &'static str, value: &str) -> HeaderValue {
    let clean: String = value.chars().filter(char::is_ascii_graphic).collect();
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        clean.clone(),
        clean,
    )
}

fn failure(error: &smtp::Error) -> Failure {
    let Some(code) = error.status() else {
        let why = if error.is_timeout() {
            "the mail server took too long"
        } else if error.is_tls() {
            "the mail server's TLS does not work"
        } else {
            "the mail server cannot be reached, or hung up"
        };
        return Failure::Later(why.to_owned());
    };
    let code = u16::from(code);
    let why = format!("the mail server answered {code}");
    // 530, 534, 535, 538: our login is at fault, and may be mended.
    if error.is_permanent() && !(530..540).contains(&code) {
        Failure::Never(why)
    } else {
        Failure::Later(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Rendered {
        Rendered {
            subject: "Vé của bạn\r\nBcc: all@example.org".to_owned(),
            text: "Xin chào\n.\nBye\n".to_owned(),
            html: "<p>Xin chào</p>".to_owned(),
        }
    }

    fn envelope<'a>(to: &'a str, letter: &'a Rendered) -> Envelope<'a> {
        Envelope {
            to,
            message_id: "<0011@tickets.example>".to_owned(),
            at: Timestamp::from_secs(1_790_000_000),
            letter,
            unsubscribe: Some("https://tickets.example/unsubscribe/abc"),
        }
    }

    fn smtp() -> Smtp {
        Smtp::new("smtp://127.0.0.1:2525", None, "https://tickets.example").expect("good")
    }

    #[test]
    fn a_header_cannot_be_smuggled_in() {
        // N2
        let letter = letter();
        let message = smtp()
            .message(&envelope("a@b.example", &letter))
            .expect("written");
        let text = String::from_utf8(message.formatted()).expect("ASCII");
        let (head, _) = text.split_once("\r\n\r\n").expect("a head");
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(
            head.contains("From: \"Gatehouse\" <no-reply@tickets.example>")
                || head.contains("From: Gatehouse <no-reply@tickets.example>"),
            "{head}"
        );
        assert!(
            head.contains("Message-ID: <0011@tickets.example>"),
            "{head}"
        );
        assert!(
            head.contains("Date: Mon, 21 Sep 2026 14:13:20 +0000"),
            "{head}"
        );
        assert!(
            head.contains("List-Unsubscribe: <https://tickets.example/unsubscribe/abc>"),
            "{head}"
        );
        assert!(
            head.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
            "{head}"
        );
        for to in [
            "a@b.example\r\nRCPT TO:<c@d.example>",
            "a@b.example, c@d.example",
            "",
            "a",
        ] {
            let refused = smtp().message(&envelope(to, &letter));
            assert!(matches!(refused, Err(Failure::Never(_))), "{to:?}");
        }
    }

    #[test]
    fn one_mail_is_the_same_bytes_each_time() {
        // N2
        let letter = letter();
        let write = || {
            smtp()
                .message(&envelope("a@b.example", &letter))
                .expect("written")
                .formatted()
        };
        assert_eq!(write(), write());
    }

    #[test]
    fn passwords_travel_in_clear_only_to_this_machine() {
        // N2
        let way = |url: &str| {
            let url = Url::parse(url).expect("a URL");
            let server = url.host_str().expect("a host").to_owned();
            tls(&url, &server).map(|(tls, port)| {
                let name = match tls {
                    Tls::None => "none",
                    Tls::Opportunistic(_) => "opportunistic",
                    Tls::Required(_) => "required",
                    Tls::Wrapper(_) => "wrapper",
                };
                (name, port)
            })
        };
        assert_eq!(way("smtp://mail.example.com"), Ok(("required", 587)));
        assert_eq!(way("smtps://mail.example.com"), Ok(("wrapper", 465)));
        assert_eq!(way("smtp://127.0.0.1:2525"), Ok(("none", 587)));
        assert_eq!(way("smtp://relay.lan?tls=none"), Ok(("none", 587)));
        assert!(way("smtp://mail.example.com?tls=maybe").is_err());
        assert!(way("http://mail.example.com").is_err());
    }

    #[test]
    fn settings_are_refused_without_their_password() {
        // N2, N6
        for (url, from) in [
            ("smtp//user:hunter2@host", None),
            ("ftp://user:hunter2@host", None),
            ("smtp://user:hunter2@127.0.0.1", Some("nobody")),
        ] {
            let error = Smtp::new(url, from, "").expect_err("refused");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert_eq!(decoded("a%40b+c%2F"), "a@b+c/");
    }
}
