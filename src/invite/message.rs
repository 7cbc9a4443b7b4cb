//! What a mail says: the templates of each language, built in or from a folder, and the values that go into
//! them. Sending is left to the providers.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::tz::Offset;

use crate::side_file;

use super::error::InviteError;
use super::mail::Mail;
use super::template::{Escape, Template, TemplateMistake};

/// The names that a template may use. `migrated` is filled if the person came from an older system.
pub(crate) const NAMES: [&str; 10] = [
    "first_name",
    "last_name",
    "name",
    "email",
    "account",
    "role",
    "language",
    "link",
    "expires",
    "migrated",
];

/// The language for people in whose language there are no templates.
const FALLBACK: &str = "en";

/// The templates of all languages.
#[derive(Debug, Clone)]
pub(crate) struct Templates(Vec<Wording>);

/// One language's templates.
#[derive(Debug, Clone)]
struct Wording {
    language: String,
    subject: Template,
    text: Template,
    html: Template,
}

/// A mail's text, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// One line.
    pub(crate) subject: String,
    /// For programs that show no HTML.
    pub(crate) text: String,
    /// For all others.
    pub(crate) html: String,
}

/// The values of one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailValues(Vec<(&'static str, String)>);

impl MailValues {
    /// Those of a mail, in the language of its template. Control characters become spaces: a line break
    /// in a subject would begin a header.
    pub(crate) fn of(mail: &Mail, language: &str, link: &str) -> Self {
        let person = &mail.person;
        let name = [person.first_name.as_str(), &person.last_name].join(" ");
        let expires = date_and_time(mail.expires, language);
        let values = [
            ("first_name", person.first_name.as_str()),
            ("last_name", &person.last_name),
            ("name", name.trim()),
            ("email", &person.address),
            ("account", &person.account),
            ("role", &person.role),
            ("language", language),
            ("link", link),
            ("expires", &expires),
            ("migrated", if person.migrated { "true" } else { "" }),
        ];
        let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self(values.into_iter().map(|(name, value)| (name, plain(value))).collect())
    }

    /// The value of a name.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value)
    }

    /// The model for a template that the provider keeps.
    pub(crate) fn model(&self) -> serde_json::Map<String, serde_json::Value> {
        self.0.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect()
    }
}

impl Templates {
    /// Dutch and English.
    pub(crate) fn built_in() -> Self {
        let wording = |language: &str, text: &str, html: &str| {
            Wording::parse(language, text, html).expect("the built-in templates are tested")
        };
        Self(vec![
            wording("en", include_str!("templates/en.txt"), include_str!("templates/en.html")),
            wording("nl", include_str!("templates/nl.txt"), include_str!("templates/nl.html")),
        ])
    }

    /// Those of a folder: `nl.txt` (its first line is `Subject: …`) and `nl.html` for each language.
    /// Errors: a file that cannot be read, a mistake in one, a language without one of the two.
    pub(crate) fn load(folder: &Path) -> Result<Self, InviteError> {
        let read = |path: PathBuf| {
            side_file::read_text(&path).map_err(|source| InviteError::Unreadable { path, source })
        };
        let listed = fs::read_dir(folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|source| InviteError::Unreadable { path: folder.to_owned(), source })?;
        let mut all = Vec::new();
        for path in listed.into_iter().map(|entry| entry.path()) {
            let language = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if path.extension().is_none_or(|extension| extension != "txt") {
                continue;
            }
            let html = path.with_extension("html");
            let (text, html_text) = (read(path.clone())?, read(html.clone())?);
            let wording = Wording::parse(&language, &text, &html_text).map_err(|(is_html, mistake)| {
                InviteError::Template { path: if is_html { html } else { path }, mistake }
            })?;
            all.push(wording);
        }
        all.sort_by(|a, b| a.language.cmp(&b.language));
        if all.is_empty() {
            return Err(InviteError::NoTemplates { path: folder.to_owned() });
        }
        Ok(Self(all))
    }

    /// The language of the mail for a person with this language: theirs if there are templates for it, with or
    /// without its region, else English, else the first one.
    pub(crate) fn language(&self, wanted: &str) -> &str {
        &self.wording(wanted).language
    }

    /// The mail in its language, with its values.
    pub(crate) fn message(&self, mail: &Mail, link: &str) -> Message {
        let wording = self.wording(&mail.person.language);
        let values = MailValues::of(mail, &wording.language, link);
        Message {
            subject: wording.subject.render(Escape::Text, |name| values.get(name)).trim().to_owned(),
            text: wording.text.render(Escape::Text, |name| values.get(name)),
            html: wording.html.render(Escape::Html, |name| values.get(name)),
        }
    }

    fn wording(&self, wanted: &str) -> &Wording {
        let primary = wanted.split('-').next().unwrap_or_default();
        let of =
            |language: &str| self.0.iter().find(|wording| wording.language.eq_ignore_ascii_case(language));
        of(wanted).or_else(|| of(primary)).or_else(|| of(FALLBACK)).unwrap_or(&self.0[0])
    }
}

impl Wording {
    /// A mistake comes with whether it is in the HTML file.
    fn parse(language: &str, text: &str, html: &str) -> Result<Self, (bool, TemplateMistake)> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let html = html.strip_prefix('\u{feff}').unwrap_or(html);
        let wrong =
            |is_html, line, problem: &str| (is_html, TemplateMistake { line, problem: problem.to_owned() });
        let (first, body) = text.split_once('\n').unwrap_or((text, ""));
        let Some(subject) = first.strip_prefix("Subject:").map(str::trim).filter(|text| !text.is_empty())
        else {
            return Err(wrong(false, 1, "the first line must be `Subject: …`"));
        };
        let body = body.trim_start_matches(['\r', '\n']);
        let above = text[..text.len() - body.len()].matches('\n').count();
        let shifted = |mistake: TemplateMistake| TemplateMistake { line: mistake.line + above, ..mistake };
        let parsed = Self {
            language: language.to_owned(),
            subject: Template::parse(subject, &NAMES).map_err(|mistake| (false, mistake))?,
            text: Template::parse(body, &NAMES).map_err(|mistake| (false, shifted(mistake)))?,
            html: Template::parse(html, &NAMES).map_err(|mistake| (true, mistake))?,
        };
        for (is_html, template) in [(false, &parsed.text), (true, &parsed.html)] {
            if !template.names("link") {
                return Err(wrong(is_html, 1, "{{link}} is missing: nobody could accept"));
            }
        }
        if parsed.subject.names("link") {
            return Err(wrong(false, 1, "{{link}} must not be in the subject"));
        }
        Ok(parsed)
    }
}

/// A time as people write it, in UTC: the person's time zone is not known.
fn date_and_time(seconds: i64, language: &str) -> String {
    const DUTCH: [&str; 12] = [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ];
    const ENGLISH: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let Ok(instant) = jiff::Timestamp::from_second(seconds) else { return String::new() };
    let at = Offset::UTC.to_datetime(instant);
    // A month is from 1 to 12.
    let month = usize::from(at.month().unsigned_abs()) - 1;
    let (day, year, hour, minute) = (at.day(), at.year(), at.hour(), at.minute());
    match language.split('-').next() {
        Some("nl") => format!("{day} {} {year}, {hour:02}.{minute:02} uur (UTC)", DUTCH[month]),
        Some("en") => format!("{day} {} {year}, {hour:02}:{minute:02} (UTC)", ENGLISH[month]),
        _ => format!("{} {hour:02}:{minute:02} (UTC)", at.date()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::mail::Person;
    use super::*;

    fn mail(language: &str) -> Mail {
        Mail {
            id: 7,
            invite: 3,
            tag: String::new(),
            expires: 1_796_752_860,
            person: Person {
                address: "zoe@example.nl".to_owned(),
                first_name: "Zoë\r\nBcc: all@example.nl".to_owned(),
                last_name: "O'Brien <i>".to_owned(),
                account: "Bakker & Zn".to_owned(),
                account_key: "A-1".to_owned(),
                role: "none".to_owned(),
                language: language.to_owned(),
                migrated: false,
            },
        }
    }

    #[test]
    fn a_person_gets_a_mail_in_their_language() {
        let templates = Templates::built_in();
        for (own, expected) in [("nl", "nl"), ("nl-BE", "nl"), ("en", "en"), ("de", "en"), ("", "en")] {
            assert_eq!(templates.language(own), expected, "{own}");
        }
        let dutch = templates.message(&mail("nl"), "https://x.example/t");
        assert_eq!(dutch.subject, "Uw uitnodiging voor Bakker & Zn");
        assert!(dutch.text.contains("geldig tot 8 december 2026, 18.01 uur (UTC)"), "{}", dutch.text);
        let english = templates.message(&mail("en"), "https://x.example/t");
        assert!(english.text.contains("valid until 8 December 2026, 18:01 (UTC)"), "{}", english.text);
        assert!(english.html.contains("Bakker &amp; Zn") && english.text.contains("Bakker & Zn"));
    }

    #[test]
    fn no_name_begins_a_header_or_an_element() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("nl.txt"), "Subject: Dag {{first_name}}\n\n\n{{link}}").unwrap();
        fs::write(folder.path().join("nl.html"), "<p>{{name}} {{link}}").unwrap();
        let message = Templates::load(folder.path()).unwrap().message(&mail("en"), "https://x.example/t");
        assert_eq!(message.subject, "Dag Zoë  Bcc: all@example.nl");
        assert!(message.html.contains("O&#39;Brien &lt;i&gt;"), "{}", message.html);
        assert_eq!(message.text, "https://x.example/t");
    }

    #[test]
    fn a_folder_of_templates_is_read_or_its_mistake_reported() {
        for (text, html, place) in [
            ("Subject: x\n\n{{link}}\n{{nmae}}", "{{link}}", "nl.txt: line 4"),
            ("Subject: x\n\n{{link}}", "\n{{#name}}{{link}}", "nl.html: line 2"),
            ("Hello\n{{link}}", "{{link}}", "nl.txt: line 1"),
            ("Subject: {{link}}\n{{link}}", "{{link}}", "nl.txt: line 1"),
            ("Subject: x\n\nhello", "{{link}}", "nl.txt: line 1"),
            ("Subject: x\n\n{{link}}", "hello", "nl.html: line 1"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("nl.txt"), text).unwrap();
            fs::write(folder.path().join("nl.html"), html).unwrap();
            let error = Templates::load(folder.path()).unwrap_err();
            let message = format!("{error}: {}", std::error::Error::source(&error).unwrap());
            assert!(message.contains(place), "{text:?}, {html:?}: {message}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Templates::load(folder.path()), Err(InviteError::NoTemplates { .. })));
        fs::write(folder.path().join("nl.txt"), "Subject: x\n\n{{link}}").unwrap();
        assert!(matches!(Templates::load(folder.path()), Err(InviteError::Unreadable { .. })));
    }
}
