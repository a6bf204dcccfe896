//! Mails: by SMTP with TLS, or as files in a folder while a site is being made.
//!
//! The words are the theme's; this puts them into a message. It refuses to send a password or a link over an open
//! connection to another machine, and no error of it holds an address.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::secret::Secret;
use crate::fs;
use crate::ledger::address::Address;
use crate::time::Timestamp;

/// How long a mail server may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whoever takes mails.
pub struct Mailer {
    from: Mailbox,
    to: To,
}

enum To {
    Server(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

/// A mail in words.
#[derive(Clone, Debug)]
pub(super) struct Letter<'a> {
    pub(super) to: &'a Address,
    pub(super) subject: &'a str,
    pub(super) text: &'a str,
    pub(super) now: Timestamp,
}

/// Why mails cannot be sent, or one was not. It never holds an address.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MailError {
    /// The sender is no mail address.
    #[error("`{0}` is no mail address to send from")]
    From(String),
    /// The server's URL is none.
    #[error("the URL of the mail server is not understood: {0}")]
    Url(String),
    /// It would go over the network for all to read.
    #[error("the mail server would be spoken to without TLS")]
    Open,
    /// The address is one that mails cannot be sent to.
    #[error("the message could not be made")]
    Message,
    /// The server did not take it.
    #[error("the mail server did not take it: {0}")]
    Server(String),
    /// The folder did not take it.
    #[error("the mail was not written: {0}")]
    Folder(String),
}

impl Mailer {
    /// A mail server at `smtps://USER:PASSWORD@HOST`, or `smtp://USER:PASSWORD@HOST:587?tls=required`.
    ///
    /// # Errors
    /// When the URL or the sender is none, or the server is on another machine and would be spoken to without TLS.
    pub fn server(url: &str, from: &str) -> Result<Self, MailError> {
        let url = url.trim();
        if goes_open(url)? {
            return Err(MailError::Open);
        }
        // What the library says of a URL may hold the password.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let builder = builder.map_err(|_| no_url())?;
        Ok(Self { from: sender(from)?, to: To::Server(builder.timeout(Some(PATIENCE)).build()) })
    }

    /// A folder that mails are written into, each a file.
    ///
    /// # Errors
    /// When the sender is none, or the folder cannot be made.
    pub fn folder(path: PathBuf, from: &str) -> Result<Self, MailError> {
        let failed = |error: fs::Error| MailError::Folder(error.to_string());
        if !fs::exists(&path).map_err(failed)? {
            fs::create_private_dir(&path).map_err(failed)?;
        }
        Ok(Self { from: sender(from)?, to: To::Folder(path) })
    }

    /// Sends a mail; when this returns, the server has taken it.
    pub(super) async fn send(&self, letter: &Letter<'_>) -> Result<(), MailError> {
        let message = self.message(letter)?;
        match &self.to {
            To::Server(server) => {
                let sent = tokio::time::timeout(2 * PATIENCE, server.send(message)).await;
                let sent = sent.map_err(|_| MailError::Server("it takes too long".to_owned()))?;
                sent.map(drop).map_err(|error| MailError::Server(reason(&error)))
            }
            To::Folder(folder) => {
                let random = Secret::new().map_err(|_| MailError::Message)?.hash();
                let path = folder.join(format!("{}-{}.eml", letter.now.seconds(), random.get(..8).unwrap_or_default()));
                fs::write_new_secret(&path, &message.formatted()).map_err(|error| MailError::Folder(error.cause()))
            }
        }
    }

    /// In a folder people read it as it lies there: no line of it is broken.
    fn body(&self, text: &str) -> Body {
        match &self.to {
            To::Server(_) => Body::new(text.to_owned()),
            To::Folder(_) => {
                let lines = text.replace('\n', "\r\n").into_bytes();
                Body::dangerous_pre_encoded(lines, ContentTransferEncoding::EightBit)
            }
        }
    }

    fn message(&self, letter: &Letter<'_>) -> Result<Message, MailError> {
        let failed = |_| MailError::Message;
        let to: lettre::Address = letter.to.as_str().parse().map_err(failed)?;
        let seconds = u64::try_from(letter.now.seconds()).unwrap_or(0);
        let date: SystemTime = UNIX_EPOCH + Duration::from_secs(seconds);
        let name = Secret::new().map_err(|_| MailError::Message)?.hash();
        let id = format!("<{name}@{}>", self.from.email.domain());
        // One line each, whatever stands in a site's title.
        let subject: String = letter.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .date(date)
            .message_id(Some(id))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(self.body(letter.text));
        message.map_err(|_| MailError::Message)
    }
}

/// Whether a server would be spoken to without TLS over a network. What cannot be read for certain is no URL.
fn goes_open(url: &str) -> Result<bool, MailError> {
    let parsed: hyper::Uri = url.parse().map_err(|_| no_url())?;
    let (Some(scheme), Some(host)) = (parsed.scheme_str(), parsed.host()) else { return Err(no_url()) };
    let query = form_urlencoded::parse(parsed.query().unwrap_or_default().as_bytes());
    let tls: Vec<_> = query.filter(|(name, _)| name == "tls").map(|(_, value)| value).collect();
    let required = !tls.is_empty() && tls.iter().all(|value| value == "required");
    match scheme.to_ascii_lowercase().as_str() {
        "smtps" if tls.is_empty() => Ok(false),
        "smtp" => {
            let local = ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| host.eq_ignore_ascii_case(own));
            Ok(!required && !local)
        }
        _ => Err(no_url()),
    }
}

fn no_url() -> MailError {
    MailError::Url("write smtps://USER:PASSWORD@HOST".to_owned())
}

/// What went wrong, without the server's own words: they often repeat the address.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("it answered {code}"),
        None if error.is_timeout() => "it takes too long".to_owned(),
        None if error.is_tls() => "there is no secure connection".to_owned(),
        None if error.is_client() => "it cannot do what is asked".to_owned(),
        None => "there is no connection".to_owned(),
    }
}

fn sender(from: &str) -> Result<Mailbox, MailError> {
    from.parse().map_err(|_| MailError::From(from.to_owned()))
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_over_an_open_network() {
        let server = |url: &str| Mailer::server(url, "School <school@learn.example>").map(drop);
        for url in [
            "smtps://ada:secret@mail.example",
            "smtp://ada:secret@mail.example:587?tls=required",
            "smtp://ada:secret@mail.example?tls=required&tls=required",
            "SMTPS://mail.example",
            "smtp://localhost:2525",
            "smtp://127.0.0.1:2525",
        ] {
            assert_eq!(server(url), Ok(()), "{url}");
        }
        for url in [
            "smtp://mail.example",
            "smtp://localhost.evil.example",
            "smtp://localhost@mail.example",
            "smtp://mail.example?tls=opportunistic",
            "SMTP://mail.example",
            "Smtp://ada:secret@mail.example:587",
            "smtp://mail.example?tls=opportunistic&x=?tls=required",
            "smtp://mail.example?tls=opportunistic&tls=required",
            "smtp://mail.example?x=1#?tls=required",
            "smtp://127.0.0.1@mail.example",
        ] {
            assert_eq!(server(url), Err(MailError::Open), "{url}");
        }
        for url in
            ["http://mail.example", "mail.example", "smtp://", "smtps://mail.example?tls=opportunistic", "smtp://a b"]
        {
            assert!(matches!(server(url), Err(MailError::Url(_))), "{url}");
        }
        assert!(matches!(Mailer::server("smtp://localhost", "nobody"), Err(MailError::From(_))));
    }

    #[test]
    fn a_message_has_the_headers_that_we_write_and_no_others() {
        let mailer = Mailer { from: sender("School <school@learn.example>").unwrap(), to: To::Folder(PathBuf::new()) };
        let to: Address = "ada@example.org".parse().unwrap();
        let subject = "Sign in\r\nBcc: eve@evil.example";
        let letter = Letter { to: &to, subject, text: "Bcc: a\n.\n\nend", now: Timestamp::saturating(1_795_000_000) };
        let message = String::from_utf8(mailer.message(&letter).unwrap().formatted()).unwrap();
        let head = message.split("\r\n\r\n").next().unwrap();
        let mut names: Vec<&str> =
            head.split("\r\n").filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
        names.sort_unstable();
        let expected = [
            "Auto-Submitted",
            "Content-Transfer-Encoding",
            "Content-Type",
            "Date",
            "From",
            "MIME-Version",
            "Message-ID",
            "Subject",
            "To",
        ];
        assert_eq!(
            names.iter().filter(|name| **name != "MIME-Version").collect::<Vec<_>>().len() + 1,
            expected.len(),
            "{message}"
        );
        assert!(!names.contains(&"Bcc"), "{message}");
    }
}
