//! A server on 127.0.0.1 that speaks Postmark's HTTP API as far as `muster` uses it. It keeps every mail that it
//! takes, and does as a test says with each call: answers, refuses, takes the mails and says nothing.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What the server does with one call of a batch; without one it takes it all.
#[derive(Debug, Clone)]
pub enum Act {
    /// Takes the mails, answers with these codes: those with 0 are taken.
    Codes(Vec<i64>),
    /// Takes nothing, answers with this status, headers and body.
    Refuse(u16, &'static str, String),
    /// Takes the mails, answers with this status, headers and body all the same.
    TakeAndSay(u16, &'static str, String),
    /// Takes the mails and closes the connection.
    TakeAndHangUp,
    /// Takes nothing and closes the connection.
    HangUp,
    /// Takes the mails and says so only after this time.
    TakeSlowly(Duration),
}

/// What has been heard and taken so far.
#[derive(Debug, Default)]
pub struct Heard {
    /// Mails that were taken, with their number at the server.
    pub taken: Vec<Value>,
    /// For each call of a batch: its path, the number of its mails, its bytes, and when it came.
    pub calls: Vec<(String, usize, usize, Instant)>,
    /// Recipient and tag of each search.
    pub searches: Vec<String>,
    /// What to do with the next calls.
    acts: VecDeque<Act>,
    /// The number of searches that do not find an accepted mail yet.
    pub hidden_searches: usize,
    /// The headers of the last call.
    pub headers: String,
}

/// The server.
#[derive(Debug, Clone)]
pub struct FakePostmark {
    port: u16,
    heard: Arc<Mutex<Heard>>,
}

impl FakePostmark {
    /// Listens until the process ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, heard: Arc::default() };
        let own = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let server = own.clone();
                // A client that is killed breaks its connection; that is no failure here.
                std::thread::spawn(move || server.serve(&stream.unwrap()).ok());
            }
        });
        server
    }

    /// The base address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Does this with the next calls, one each.
    pub fn will(&self, acts: impl IntoIterator<Item = Act>) {
        self.heard.lock().unwrap().acts.extend(acts);
    }

    /// What has been heard.
    pub fn heard<T>(&self, look: impl FnOnce(&mut Heard) -> T) -> T {
        look(&mut self.heard.lock().unwrap())
    }

    /// The recipients of all mails that were taken, sorted.
    pub fn recipients(&self) -> Vec<String> {
        let mut all = self.heard(|heard| {
            let to = |mail: &Value| mail["To"].as_str().unwrap().to_owned();
            heard.taken.iter().map(to).collect::<Vec<_>>()
        });
        all.sort();
        all
    }

    /// The secret in the link of the last mail to this address.
    pub fn token(&self, address: &str) -> String {
        self.heard(|heard| {
            let mail = heard.taken.iter().rev().find(|mail| mail["To"] == address).unwrap();
            let text = mail["TextBody"].as_str().unwrap();
            let (_, rest) = text.split_once("https://app.example.nl/join/").unwrap();
            rest.split_whitespace().next().unwrap().to_owned()
        })
    }

    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut first = String::new();
        reader.read_line(&mut first)?;
        let (mut headers, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
            headers.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let mut words = first.split_whitespace();
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let known = headers.to_lowercase().contains("x-postmark-server-token: good-token")
            || headers.contains("POSTMARK_API_TEST");
        self.heard(|heard| heard.headers.clone_from(&headers));
        if !known {
            return reply(stream, 401, "", &json!({"ErrorCode": 10, "Message": "no"}).to_string());
        }
        if method == "GET" { self.search(stream, path) } else { self.batch(stream, path, &body) }
    }

    fn search(&self, stream: &TcpStream, path: &str) -> std::io::Result<()> {
        let query: Vec<(String, String)> = path
            .split_once('?')
            .map_or("", |(_, query)| query)
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect();
        let wanted = |name: &str| query.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        let (to, tag, mail) = (wanted("recipient"), wanted("tag"), wanted("metadata_mail"));
        let found = self.heard(|heard| {
            heard.searches.push(format!("{} {}", to.clone().unwrap(), tag.clone().unwrap()));
            if heard.hidden_searches > 0 {
                heard.hidden_searches -= 1;
                return Vec::new();
            }
            let fits = |taken: &&Value| {
                taken["To"].as_str() == to.as_deref()
                    && taken["Tag"].as_str() == tag.as_deref()
                    && taken["Metadata"]["mail"].as_str() == mail.as_deref()
            };
            let shown = |taken: &Value| {
                json!({"MessageID": taken["MessageID"], "Recipients": [taken["To"]], "Tag": taken["Tag"],
                       "Metadata": taken["Metadata"], "Status": "Sent"})
            };
            heard.taken.iter().filter(fits).map(shown).collect::<Vec<_>>()
        });
        let body = json!({"TotalCount": found.len(), "Messages": found});
        reply(stream, 200, "", &body.to_string())
    }

    fn batch(&self, stream: &TcpStream, path: &str, body: &[u8]) -> std::io::Result<()> {
        let parsed: Value = serde_json::from_slice(body).unwrap();
        let messages = parsed.get("Messages").unwrap_or(&parsed).as_array().unwrap().clone();
        let act = self.heard(|heard| {
            heard.calls.push((path.to_owned(), messages.len(), body.len(), Instant::now()));
            heard.acts.pop_front()
        });
        if messages.len() > 500 || body.len() > 50_000_000 {
            return reply(stream, 413, "", "");
        }
        let take = |codes: &[i64]| -> Value {
            self.heard(|heard| {
                let mut answers = Vec::new();
                for (message, code) in messages.iter().zip(codes.iter().copied().chain(std::iter::repeat(0)))
                {
                    if code != 0 {
                        answers.push(json!({"ErrorCode": code, "Message": format!("no: {}", message["To"])}));
                        continue;
                    }
                    let id = format!("m-{}", heard.taken.len() + 1);
                    let mut taken = message.clone();
                    taken["MessageID"] = id.clone().into();
                    heard.taken.push(taken);
                    answers
                        .push(json!({"ErrorCode": 0, "MessageID": id, "To": message["To"], "Message": "OK"}));
                }
                Value::Array(answers)
            })
        };
        match act {
            None => reply(stream, 200, "", &take(&[]).to_string()),
            Some(Act::Codes(codes)) => reply(stream, 200, "", &take(&codes).to_string()),
            Some(Act::Refuse(status, headers, body)) => reply(stream, status, headers, &body),
            Some(Act::TakeAndSay(status, headers, body)) => {
                take(&[]);
                reply(stream, status, headers, &body)
            }
            Some(Act::TakeAndHangUp) => {
                take(&[]);
                Ok(())
            }
            Some(Act::HangUp) => Ok(()),
            Some(Act::TakeSlowly(time)) => {
                let answers = take(&[]);
                std::thread::sleep(time);
                reply(stream, 200, "", &answers.to_string())
            }
        }
    }
}

fn reply(mut stream: &TcpStream, status: u16, headers: &str, body: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}

/// Percent-encoding undone (RFC 3986, section 2.1).
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'%' => {
                let hex = std::str::from_utf8(&tail[..2]).unwrap();
                bytes.push(u8::from_str_radix(hex, 16).unwrap());
                rest = &tail[2..];
            }
            b'+' => bytes.push(b' '),
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}
