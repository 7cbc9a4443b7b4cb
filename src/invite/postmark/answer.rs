//! What Postmark's answers mean. A batch is answered with HTTP 200 even if messages failed: each message has a
//! separate `ErrorCode`, in the order sent. Postmark's `Message` is not shown, because it may repeat an address.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::super::provider::{Answer, Reply, Stop, Wait};
use super::client::CallResult;

/// One answer, or the one for a whole call.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MailAnswer {
    error_code: i32,
    #[serde(rename = "MessageID")]
    message_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    messages: Vec<FoundMessage>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FoundMessage {
    #[serde(rename = "MessageID")]
    message_id: String,
    #[serde(default)]
    recipients: Vec<String>,
    #[serde(default)]
    metadata: serde_json::Map<String, serde_json::Value>,
}

/// The meaning of a code that is not about one address.
fn stops(code: i32) -> String {
    let why = match code {
        10 => "Postmark does not know this token; check POSTMARK_SERVER_TOKEN or --token-file",
        400 => "Postmark has no sender signature for the --from address; add it there, or confirm its domain",
        401 => {
            "the sender signature of the --from address is not confirmed yet; look for Postmark's mail there"
        }
        405 => "this Postmark account has no credits left or may not send; look at its billing",
        412 => "this Postmark account is pending approval; until then it sends only to its own domain",
        413 => "this Postmark account may not send; ask Postmark",
        1101 => "Postmark has no template with this alias; check --template",
        _ => "Postmark refuses the mails",
    };
    format!("{why} (ErrorCode {code})")
}

/// One mail's answer.
fn answer_of(answer: MailAnswer) -> Answer {
    match answer.error_code {
        0 => Answer::Sent(answer.message_id.unwrap_or_default()),
        // An address that Postmark does not accept, or that bounced or complained before.
        code @ (300 | 406) => Answer::Failed(code),
        // Maintenance; too many calls.
        code @ (100 | 429) => Answer::Later(code),
        code => Answer::Stop(Stop(stops(code))),
    }
}

/// The result of a batch of `sent` mails.
pub(super) fn to_batch(result: CallResult, sent: usize) -> Reply {
    let lost = |why: String, after| Reply::Lost(Wait { why, after });
    match result {
        CallResult::Lost(why) => lost(why, None),
        CallResult::Reply { status: 200, body, .. } => {
            let Some(answers) = body.and_then(|body| serde_json::from_str::<Vec<MailAnswer>>(&body).ok())
            else {
                return lost("Postmark's answer cannot be read".to_owned(), None);
            };
            if answers.len() != sent {
                return lost(format!("Postmark answered for {} of {sent} mails", answers.len()), None);
            }
            Reply::Answers(answers.into_iter().map(answer_of).collect())
        }
        CallResult::Reply { status: status @ 500.., retry_after, .. } => {
            lost(format!("Postmark answered with HTTP status {status}"), after(retry_after.as_deref()))
        }
        other => refused(other),
    }
}

/// Whether the mail with this number was found.
pub(super) fn to_search(result: CallResult, id: &str, address: &str) -> Result<Option<String>, Reply> {
    let later = |why: String, after| Err(Reply::Later(Wait { why, after }));
    match result {
        CallResult::Lost(why) => later(why, None),
        CallResult::Reply { status: 200, body, .. } => {
            let Some(found) = body.and_then(|body| serde_json::from_str::<Found>(&body).ok()) else {
                return later("Postmark's answer cannot be read".to_owned(), None);
            };
            let ours = |message: &&FoundMessage| {
                let same = message.metadata.get("mail").is_none_or(|mail| mail.as_str() == Some(id));
                let to = &message.recipients;
                same && (to.is_empty() || to.iter().any(|own| own.eq_ignore_ascii_case(address)))
            };
            Ok(found.messages.iter().find(ours).map(|message| message.message_id.clone()))
        }
        CallResult::Reply { status: status @ 500.., retry_after, .. } => {
            later(format!("Postmark answered with HTTP status {status}"), after(retry_after.as_deref()))
        }
        other => Err(refused(other)),
    }
}

/// The meaning of an answer that says that nothing was accepted.
fn refused(result: CallResult) -> Reply {
    match result {
        CallResult::Lost(why) => Reply::Lost(Wait { why, after: None }),
        CallResult::NotSent(why) => {
            Reply::Later(Wait { why: format!("Postmark cannot be reached: {why}"), after: None })
        }
        CallResult::Untrusted(why) => {
            Reply::Stop(Stop(format!("Postmark's certificate is not trusted: {why}")))
        }
        CallResult::Reply { status: 429, retry_after, .. } => Reply::Later(Wait {
            why: "Postmark accepts no more calls for now (HTTP status 429)".to_owned(),
            after: after(retry_after.as_deref()),
        }),
        CallResult::Reply { status, body, .. } => {
            let code = body.and_then(|body| serde_json::from_str::<MailAnswer>(&body).ok());
            let code = code.map_or(if status == 401 { 10 } else { 0 }, |answer| answer.error_code);
            let why = match (status, code) {
                (413, _) => {
                    "the mails are too large for Postmark (HTTP status 413); make the templates smaller"
                        .to_owned()
                }
                (_, 0) => format!("Postmark answered with HTTP status {status}"),
                (_, code) => stops(code),
            };
            Reply::Stop(Stop(why))
        }
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn after(text: Option<&str>) -> Option<Duration> {
    let text = text?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(Timestamp::now().until(at).ok()?).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> CallResult {
        CallResult::Reply { status, retry_after: Some("7".to_owned()), body: Some(body.to_owned()) }
    }

    #[test]
    fn each_mail_has_its_own_answer() {
        let body = r#"[{"ErrorCode":0,"MessageID":"m1","Message":"OK","To":"a@b.nl"},
            {"ErrorCode":300,"Message":"Invalid 'To' address: 'x'."},{"ErrorCode":406,"Message":"inactive"},
            {"ErrorCode":429,"Message":"slow"},{"ErrorCode":412,"Message":"pending"},
            {"ErrorCode":99999,"Message":"new"}]"#;
        let Reply::Answers(answers) = to_batch(reply(200, body), 6) else { panic!("no answers") };
        assert_eq!(
            answers[..4],
            [Answer::Sent("m1".to_owned()), Answer::Failed(300), Answer::Failed(406), Answer::Later(429)]
        );
        for (answer, code) in answers[4..].iter().zip(["412", "99999"]) {
            let Answer::Stop(Stop(why)) = answer else { panic!("{answer:?}") };
            assert!(why.contains(code), "{why}");
        }
    }

    #[test]
    fn every_code_about_the_account_stops() {
        for code in [10, 400, 401, 405, 412, 413, 1101, 402] {
            let answer = answer_of(MailAnswer { error_code: code, message_id: None });
            assert!(matches!(answer, Answer::Stop(_)), "{code}");
            let whole = to_batch(reply(422, &format!("{{\"ErrorCode\":{code},\"Message\":\"a@b.nl\"}}")), 1);
            let Reply::Stop(Stop(why)) = whole else { panic!("{code}: {whole:?}") };
            assert!(why.contains(&code.to_string()) && !why.contains("a@b.nl"), "{why}");
        }
        assert!(matches!(to_batch(reply(401, ""), 1), Reply::Stop(Stop(why)) if why.contains("token")));
        assert!(matches!(to_batch(reply(413, ""), 1), Reply::Stop(Stop(why)) if why.contains("large")));
    }

    #[test]
    fn an_unclear_answer_is_lost_and_a_refused_call_is_for_later() {
        for (status, body) in [(200, "<html>"), (200, "[]"), (200, "{}"), (500, ""), (503, "")] {
            let answer = to_batch(reply(status, body), 1);
            assert!(matches!(answer, Reply::Lost(_)), "{status} {body}: {answer:?}");
        }
        let Reply::Later(wait) = to_batch(reply(429, ""), 1) else { panic!("not for later") };
        assert_eq!(wait.after, Some(Duration::from_secs(7)));
        assert!(matches!(to_batch(CallResult::NotSent("refused".to_owned()), 1), Reply::Later(_)));
        assert!(matches!(to_batch(CallResult::Lost("timeout".to_owned()), 1), Reply::Lost(_)));
    }

    #[test]
    fn a_search_finds_only_the_mail_itself() {
        let body = r#"{"TotalCount":2,"Messages":[
            {"MessageID":"m1","Recipients":["a@b.nl"],"Metadata":{"mail":"6"}},
            {"MessageID":"m2","Recipients":["A@b.nl"],"Metadata":{"mail":"7"}}]}"#;
        assert_eq!(to_search(reply(200, body), "7", "a@b.nl").unwrap().as_deref(), Some("m2"));
        assert_eq!(to_search(reply(200, body), "8", "a@b.nl").unwrap(), None);
        assert!(matches!(to_search(reply(500, ""), "7", "a@b.nl"), Err(Reply::Later(_))));
        assert!(matches!(to_search(reply(401, ""), "7", "a@b.nl"), Err(Reply::Stop(_))));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(after(Some("120")), Some(Duration::from_mins(2)));
        let soon = Timestamp::now() + jiff::SignedDuration::from_secs(90);
        let mut date = String::new();
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        printer.print_timestamp(&soon, &mut date).unwrap();
        let wait = after(Some(&date)).unwrap();
        assert!((80..=90).contains(&wait.as_secs()), "{wait:?}");
        assert_eq!(after(Some("Wed, 21 Oct 2015 07:28:00 GMT")), Some(Duration::ZERO));
        assert_eq!(after(Some("soon")), None);
    }
}
