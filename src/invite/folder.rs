//! Mails as files (`.eml`, RFC 5322), for a person to look at or for another program to send. A file gets its
//! name when it is complete and on the disk: if it exists after a crash, the mail is written.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;

use crate::fault;

use super::error::InviteError;
use super::mail::{Batch, Mail};
use super::message::Templates;
use super::provider::{Answer, Provider, Reply, Stop};
use super::sender::{Link, Mailbox};
use super::token::Token;

/// How many files are written between two looks at the database.
const MOST: usize = 500;

/// A folder of mails.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    templates: Templates,
    from: Mailbox,
    link: Link,
}

impl Folder {
    /// Creates the folder if it does not exist, only for the user (0700).
    pub(crate) fn open(
        path: &Path,
        templates: Templates,
        from: Mailbox,
        link: Link,
    ) -> Result<Self, InviteError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|source| InviteError::Unwritable { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), templates, from, link })
    }

    /// A mail's file, named after its number in the outbox, which is unique.
    fn file(&self, id: i64) -> PathBuf {
        self.path.join(format!("{id:08}.eml"))
    }

    fn write(&self, mail: &Mail, token: &Token) -> io::Result<()> {
        let path = self.file(mail.id);
        let part = path.with_extension("eml.part");
        let contents = eml(mail, &self.from, &self.templates, &self.link.to(token))?;
        let write = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
            file.write_all(&contents)?;
            file.sync_all()?;
            fs::rename(&part, &path)
        };
        // A mail holds a token: what could not be put in its place does not stay.
        write().inspect_err(|_| drop(fs::remove_file(&part)))
    }
}

impl Provider for Folder {
    fn channel(&self) -> &'static str {
        "folder"
    }

    fn most(&self) -> usize {
        MOST
    }

    fn fits(&self, batch: &Batch) -> usize {
        batch.len()
    }

    fn send(&self, batch: &Batch) -> Reply {
        let mut answers = Vec::with_capacity(batch.len());
        for (number, (mail, token)) in batch.iter().enumerate() {
            if number == 1 {
                fault::point("MUSTER_TEST_INVITE_STOP", "one-written");
            }
            let answer = match self.write(mail, token) {
                Ok(()) => Answer::Sent(self.file(mail.id).display().to_string()),
                Err(error) => Answer::Stop(Stop(format!(
                    "{}: cannot be written ({error})",
                    self.file(mail.id).display()
                ))),
            };
            let stopped = matches!(answer, Answer::Stop(_));
            answers.push(answer);
            if stopped {
                let rest = batch.len() - answers.len();
                answers.extend(std::iter::repeat_n(Answer::Stop(Stop(String::new())), rest));
                break;
            }
        }
        // The names are on the disk before the outbox records the mails.
        if let Err(error) = File::open(&self.path).and_then(|folder| folder.sync_all()) {
            tracing::warn!("{}: {error}", self.path.display());
        }
        Reply::Answers(answers)
    }

    fn find(&self, id: i64, _tag: &str, _address: &str) -> Result<Option<String>, Reply> {
        let path = self.file(id);
        Ok(path.exists().then(|| path.display().to_string()))
    }
}

/// One mail as a file: a text and an HTML part, names and subject in any script.
fn eml(mail: &Mail, from: &Mailbox, templates: &Templates, link: &str) -> io::Result<Vec<u8>> {
    let person = &mail.person;
    let message = templates.message(mail, link);
    let name = [person.first_name.as_str(), &person.last_name].join(" ");
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let to = (!name.trim().is_empty()).then(|| name.trim().to_owned());
    let sender = (!from.name.is_empty()).then(|| from.name.clone());
    let domain = from.address.split('@').next_back().unwrap_or("localhost");
    MessageBuilder::new()
        .from(Address::new_address(sender, from.address.clone()))
        .to(Address::new_address(to, person.address.clone()))
        .subject(message.subject)
        .message_id(format!("{}.{}@{domain}", mail.tag, mail.id))
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .header("Content-Language", Raw::new(templates.language(&person.language).to_owned()))
        .text_body(message.text)
        .html_body(message.html)
        .write_to_vec()
}
