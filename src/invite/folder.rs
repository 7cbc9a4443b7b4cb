//! Mails as files (`.eml`, RFC 5322), for a person to look at or for another program to send. A file gets its
//! name when it is complete and on the disk: if it exists after a crash, the mail is written.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use rustix::fs::OFlags;
use tempfile::TempPath;

use crate::fault;

use super::error::InviteError;
use super::mail::{Batch, Mail};
use super::message::Templates;
use super::provider::{Answer, Provider, Reply, Stop};
use super::sender::{Link, Mailbox};
use super::token::Token;

/// How many files are written between two looks at the database.
const MOST: usize = 500;
/// In this many bytes at its beginning, a mail of ours says which one it is.
const HEAD: u64 = 16 * 1024;
/// The header of a mail whose link opens nothing: another mail may take its place.
const PREVIEW: &str = "X-Muster-Preview";

/// A folder of mails.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    templates: Templates,
    from: Mailbox,
    link: Link,
    is_preview: bool,
}

impl Folder {
    /// Creates the folder if it does not exist, only for the user (0700).
    pub(crate) fn open(
        path: &Path,
        templates: Templates,
        from: Mailbox,
        link: Link,
        is_preview: bool,
    ) -> Result<Self, InviteError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|source| InviteError::Unwritable { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), templates, from, link, is_preview })
    }

    /// A mail's file, named after its number in the outbox, which is unique.
    fn file(&self, id: i64) -> PathBuf {
        self.path.join(format!("{id:08}.eml"))
    }

    fn write(&self, mail: &Mail, token: &Token) -> io::Result<()> {
        let path = self.file(mail.id);
        let part = path.with_extension("eml.part");
        let contents = self.eml(mail, &self.link.to(token))?;
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // A new file: no link that somebody put there is followed.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        // A mail holds a token: what cannot be put in its place does not stay.
        let part = TempPath::try_from_path(part)?;
        file.write_all(&contents)?;
        file.sync_all()?;
        if begins_with(&path, &format!("\n{PREVIEW}: ")).unwrap_or(false) {
            fs::remove_file(&path)?;
        }
        Ok(part.persist_noclobber(&path)?)
    }

    /// One mail as a file: a text and an HTML part, names and subject in any script.
    fn eml(&self, mail: &Mail, link: &str) -> io::Result<Vec<u8>> {
        let (from, templates) = (&self.from, &self.templates);
        let person = &mail.person;
        let said = templates.message(mail, link);
        let name = [person.first_name.as_str(), &person.last_name].join(" ");
        let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let to = (!name.trim().is_empty()).then(|| name.trim().to_owned());
        let sender = (!from.name.is_empty()).then(|| from.name.clone());
        let domain = from.address.split('@').next_back().unwrap_or("localhost");
        let language = templates.language(&person.language);
        let language: String = language.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let mut built = MessageBuilder::new()
            .from(Address::new_address(sender, from.address.clone()))
            .to(Address::new_address(to, person.address.clone()))
            .subject(said.subject)
            .message_id(format!("{}@{domain}", message(mail.id, &mail.tag)))
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("Content-Language", Raw::new(language))
            .text_body(said.text)
            .html_body(said.html);
        if self.is_preview {
            built = built.header(PREVIEW, Raw::new("its link opens nothing"));
        }
        built.write_to_vec()
    }
}

/// Whether there is a plain file at `path` that has this at its beginning.
fn begins_with(path: &Path, wanted: &str) -> io::Result<bool> {
    // Neither a link that somebody put there is followed, nor a writer waited for.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    let mut head = Vec::new();
    file.take(HEAD).read_to_end(&mut head)?;
    Ok(memchr::memmem::find(&head, wanted.as_bytes()).is_some())
}

/// The part of a mail's Message-ID before the `@`.
fn message(id: i64, tag: &str) -> String {
    format!("{tag}.{id}")
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
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Answer::Stop(Stop(format!(
                    "{}: is there already, and is not this mail (perhaps another database's); name another folder",
                    self.file(mail.id).display()
                ))),
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

    fn find(&self, id: i64, tag: &str, _address: &str) -> Result<Option<String>, Reply> {
        let path = self.file(id);
        // Databases count their mails alike, and two of them may share a folder. What cannot be read as this mail is
        // none; writing it then says what is in its place.
        let wanted = format!("Message-ID: <{}@", message(id, tag));
        let is_written = begins_with(&path, &wanted).unwrap_or(false);
        Ok(is_written.then(|| path.display().to_string()))
    }
}
