//! Postmark's HTTP API: mails in batches of at most 500 and 50 MB, and the search for mails whose answer was
//! lost. `answer` says what answers mean, `secret` where the token comes from.
//!
//! A call is never repeated here: the caller knows what may be sent twice.

mod answer;
mod client;
mod secret;

pub(crate) use secret::Secret;

use serde_json::{Value, json};

use super::error::InviteError;
use super::mail::{Batch, Mail};
use super::message::{MailValues, Templates};
use super::provider::{Provider, Reply};
use super::sender::{Link, Mailbox};
use super::token::Token;
use client::Client;

/// The address of Postmark.
pub(crate) const API: &str = "https://api.postmarkapp.com";
/// How many messages a call may hold, by Postmark's documents.
pub(crate) const MOST_MESSAGES: usize = 500;
/// How many bytes a call may hold: 50 MB, in the smaller of its two meanings.
pub(crate) const MOST_BYTES: usize = 50_000_000;
/// Postmark's token for tests: calls are checked, and nothing is delivered.
pub(crate) const TEST_TOKEN: &str = "POSTMARK_API_TEST";

/// Where the text of the mails comes from.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Our templates.
    Ours(Templates),
    /// Templates stored at Postmark, by alias; `{language}` in it is replaced by the person's language.
    Stored(String),
}

/// A server at Postmark.
#[derive(Debug)]
pub(crate) struct Postmark {
    client: Client,
    is_test: bool,
    content: Content,
    from: Mailbox,
    link: Link,
    stream: String,
    /// The invitation's run, for the metadata.
    run: String,
}

/// How Postmark is reached.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// Without a path; [`API`] but for tests.
    pub(crate) url: String,
    /// The server's token.
    pub(crate) token: Secret,
    /// The message stream.
    pub(crate) stream: String,
}

impl Postmark {
    /// Nothing is sent yet.
    /// Errors: the address is not `https` and not this machine's, or the system has no certificate authorities.
    pub(crate) fn new(
        access: &Access,
        content: Content,
        from: Mailbox,
        link: Link,
        run: &str,
    ) -> Result<Self, InviteError> {
        Ok(Self {
            client: Client::new(&access.url, access.token.clone())?,
            is_test: access.token.reveal() == TEST_TOKEN,
            content,
            from,
            link,
            stream: access.stream.clone(),
            run: run.to_owned(),
        })
    }

    fn path(&self) -> &'static str {
        match self.content {
            Content::Ours(_) => "/email/batch",
            Content::Stored(_) => "/email/batchWithTemplates",
        }
    }

    /// One message as Postmark takes it. The recipient is the bare address: a name with a comma would be
    /// two recipients.
    fn message(&self, mail: &Mail, token: &Token) -> String {
        let link = self.link.to(token);
        let mut message = json!({
            "From": self.from.to_string(),
            "To": mail.person.address,
            "Tag": mail.tag,
            "Metadata": {"run": self.run, "invite": mail.invite.to_string(), "mail": mail.id.to_string()},
            "MessageStream": self.stream,
            "TrackLinks": "None",
        });
        match &self.content {
            Content::Ours(templates) => {
                let text = templates.message(mail, &link);
                message["Subject"] = text.subject.into();
                message["TextBody"] = text.text.into();
                message["HtmlBody"] = text.html.into();
            }
            Content::Stored(alias) => {
                let language = &mail.person.language;
                message["TemplateAlias"] = alias.replace("{language}", language).into();
                message["TemplateModel"] = Value::Object(MailValues::of(mail, language, &link).model());
            }
        }
        message.to_string()
    }

    fn body(&self, batch: &Batch) -> String {
        let messages: Vec<String> = batch.iter().map(|(mail, token)| self.message(mail, token)).collect();
        let list = messages.join(",");
        match self.content {
            Content::Ours(_) => format!("[{list}]"),
            Content::Stored(_) => format!("{{\"Messages\":[{list}]}}"),
        }
    }
}

impl Provider for Postmark {
    fn channel(&self) -> &'static str {
        if self.is_test { "postmark-test" } else { "postmark" }
    }

    fn most(&self) -> usize {
        MOST_MESSAGES
    }

    fn fits(&self, batch: &Batch) -> usize {
        let mut bytes = "{\"Messages\":[]}".len();
        for (at, (mail, token)) in batch.iter().enumerate() {
            // Plus a comma.
            bytes += self.message(mail, token).len() + 1;
            if bytes > MOST_BYTES {
                // A single mail that is too large is left for Postmark to refuse.
                return at.max(1);
            }
        }
        batch.len()
    }

    fn send(&self, batch: &Batch) -> Reply {
        answer::to_batch(self.client.post(self.path(), &self.body(batch)), batch.len())
    }

    fn find(&self, id: i64, tag: &str, address: &str) -> Result<Option<String>, Reply> {
        if self.is_test {
            // Nothing was delivered, even if the answer says so.
            return Ok(None);
        }
        let id = id.to_string();
        let query =
            [("count", "500"), ("offset", "0"), ("recipient", address), ("tag", tag), ("metadata_mail", &id)];
        answer::to_search(self.client.get("/messages/outbound", &query), &id, address)
    }
}

#[cfg(test)]
mod tests {
    use super::super::mail::Person;
    use super::*;

    fn postmark(content: Content) -> Postmark {
        let access = Access {
            url: "http://127.0.0.1:9".to_owned(),
            token: Secret::token(None, Some("secret")).unwrap(),
            stream: "outbound".to_owned(),
        };
        let from = "Laadpalen <no-reply@example.nl>".parse().unwrap();
        let link = "https://app.example.nl/i/{token}".parse().unwrap();
        Postmark::new(&access, content, from, link, "0193").unwrap()
    }

    fn mail(id: i64) -> (Mail, Token) {
        let person = Person { address: "a@b.nl".to_owned(), language: "nl".to_owned(), ..Person::default() };
        (Mail { id, invite: id, tag: "muster-0193".to_owned(), expires: 0, person }, Token::draw().unwrap())
    }

    #[test]
    fn a_message_carries_run_invite_and_link() {
        let batch = [mail(1), mail(2)];
        let body = postmark(Content::Ours(Templates::built_in())).body(&batch);
        let messages: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(messages[1]["Metadata"], json!({"run": "0193", "invite": "2", "mail": "2"}));
        assert_eq!(messages[0]["Tag"], "muster-0193");
        assert_eq!(messages[0]["From"], "\"Laadpalen\" <no-reply@example.nl>");
        let link = format!("https://app.example.nl/i/{}", batch[0].1.text());
        assert!(messages[0]["TextBody"].as_str().unwrap().contains(&link));
        assert!(messages[0]["HtmlBody"].as_str().unwrap().contains(&link));
    }

    #[test]
    fn a_stored_template_is_chosen_by_language_and_gets_a_model() {
        let body = postmark(Content::Stored("invite-{language}".to_owned())).body(&[mail(1)]);
        let message = &serde_json::from_str::<Value>(&body).unwrap()["Messages"][0];
        assert_eq!(message["TemplateAlias"], "invite-nl");
        assert_eq!(message["TemplateModel"]["email"], "a@b.nl");
        assert!(message.get("Subject").is_none());
    }

    #[test]
    fn a_call_stays_below_fifty_megabytes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("nl.txt"), "Subject: x\n{{link}}").unwrap();
        let large = "x".repeat(5_000_000) + "{{link}}";
        std::fs::write(folder.path().join("nl.html"), large).unwrap();
        let postmark = postmark(Content::Ours(Templates::load(folder.path()).unwrap()));
        let batch: Vec<_> = (0..12).map(mail).collect();
        let fits = postmark.fits(&batch);
        assert_eq!(fits, 9);
        assert!(postmark.body(&batch[..fits]).len() <= MOST_BYTES);
    }
}
