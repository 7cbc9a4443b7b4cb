//! `report.html`: a run's report for people. One file that loads nothing else and allows nothing else (a content
//! security policy by hash). It stays below two megabytes however many findings there are: lists are cut short
//! and say so, counts never are.
//!
//! `page` is what the page is made of, `render` puts it together; each section is a file.

mod again;
mod against;
mod causes;
mod charts;
mod counts;
mod files;
mod lost;
mod mapped;
mod page;
mod render;
mod rules;
mod samples;
mod text;
mod verdict;

pub(crate) use page::{Page, Records};
pub(crate) use render::write;
