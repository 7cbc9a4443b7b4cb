//! Right and wrong numbers, and the proof that the automata agree with the library.

use super::*;

fn judge(region: Option<&str>, cell: &str) -> (Fate, String, Vec<Note>) {
    let (mut out, mut notes) = (String::new(), Vec::new());
    let fate = Phone::new(None).judge(cell, region, &mut out, &mut notes);
    (fate, out, notes)
}

#[test]
fn national_and_international_spellings_come_to_one_form() {
    for cell in
        ["0612345678", "06-12345678", "+31 6 1234 5678", "0031612345678", "=\"0612345678\"", "612345678"]
    {
        let (fate, out, notes) = judge(Some("NL"), cell);
        assert_eq!((fate, out.as_str(), notes), (Fate::Rewritten, "+31612345678", vec![]), "{cell}");
    }
    assert_eq!(judge(Some("NL"), "+31612345678"), (Fate::Same, String::new(), vec![]));
}
