//! No cell is read in the column beside its own: one delimiter too many, or one that the header lacks.

use serde_json::Value;

use crate::support::Muster;

const SCHEMA: &str = r#"
entity = "people"
key = "nr"

[[field]]
name = "nr"
type = "text"
required = true

[[field]]
name = "name"
type = "text"

[[field]]
name = "street"
type = "text"

[[field]]
name = "remark"
type = "text"
multiline = true
"#;

fn muster() -> Muster {
    Muster::new().file("schemas/people.toml", SCHEMA)
}

/// The records of a file that are rejected, with their codes.
fn rejected(muster: &Muster, file: &str, more: &[&str]) -> Vec<(u64, String)> {
    let input = format!("people={file}");
    let run = muster.run(["check", &input, "--schemas", "schemas", "--out", "out"].iter().chain(more));
    let rejects = run.findings("out").into_iter().filter(|finding| finding["severity"] == "reject");
    let code = |finding: &Value| finding["code"].as_str().unwrap().to_owned();
    rejects.map(|finding| (finding["record"].as_u64().unwrap(), code(&finding))).collect()
}

fn in_text(text: &str) -> Vec<(u64, String)> {
    rejected(&muster().file("people.csv", text), "people.csv", &[])
}

fn too_many(records: impl IntoIterator<Item = u64>) -> Vec<(u64, String)> {
    records.into_iter().map(|record| (record, "too-many-cells".to_owned())).collect()
}

#[test]
fn a_record_with_one_delimiter_too_many_is_rejected_though_its_last_cell_is_empty() {
    let header = "nr,name,street,remark\n";
    for (records, expected) in [
        ("1,a,b,\n2,c,,d,\n3,e,f,\n", vec![2]),
        ("1,a,b,\n2,c,,d,\"\"\n3,e,f,\n", vec![2]),
        ("1,a,b,\n2,c,,d, \n3,e,f,\n", vec![2]),
        ("1,,a,b,\n", vec![1]),
        ("1,a,b,\n2,c,d,,,\n3,e,f,g\n", vec![2]),
        ("1,a,b,\n2,,c,d,\n3,,e,f,\n4,g,h,\n", vec![2, 3]),
    ] {
        assert_eq!(in_text(&format!("{header}{records}")), too_many(expected), "{records}");
    }
}

#[test]
fn delimiters_at_the_end_of_nearly_every_record_or_of_the_header_are_nothing() {
    for text in [
        "nr;name;street;remark\n1;a;b;c;\n2;d;e;f;\n",
        "nr;name;street;remark\n1;a;b;c;;\n2;d;e;f;;\n",
        "nr;name;street;remark;\n1;a;b;c;\n2;d;e;f\n",
        "nr;name;other;street;remark\n1;a;x;b;c;\n2;d;x;e;f;\n",
    ] {
        assert_eq!(in_text(text), [], "{text}");
    }
    // Among them, one more is one too many.
    let mut text = "nr;name;street;remark\n".to_owned();
    (1..=40).for_each(|nr| text += &format!("{nr};a;b;c;\n"));
    assert_eq!(in_text(&format!("{text}41;d;;e;f;\n42;g;;h;;;\n43;i;j;k\n")), too_many([41, 42]));
    // A quote that is never closed costs its own record, and not the next one.
    assert_eq!(in_text(&format!("{text}41;d;e;\"f;\n42;\"g\";h;i;\n")), [(41, "unclosed-quote".to_owned())]);
}

#[test]
fn a_header_that_lacks_a_delimiter_shifts_no_record() {
    for header in
        ["nr,namestreet,remark", "nr,\"name,street\",remark", "nr,name street,remark", "nr,name,streetother"]
    {
        let found = in_text(&format!("{header}\n1,a,b,\n2,c,d,\n"));
        assert_eq!(found, too_many([1, 2]), "{header}");
    }
    let muster = muster().file("people.csv", "nr,namestreet,remark\n1,a,b,\n2,c,d,\n");
    let run = muster.run(["check", "people.csv", "--schemas", "schemas", "--out", "out"]).exits(3);
    let finding = &run.findings("out")[1];
    assert_eq!(finding["column"], "namestreet");
    assert!(finding["message"].as_str().unwrap().contains("its column 2 seems to be two"), "{finding}");
}

/// Only the whole file can tell: the beginning, and every block, says otherwise.
#[cfg(feature = "fault-points")]
#[test]
fn what_is_usual_is_decided_by_the_whole_file_for_any_threads_and_blocks() {
    let plain = (0..600).map(|nr| format!("p{nr},a,b,\n")).collect::<Vec<_>>().concat();
    let ended = (0..9000).map(|nr| format!("e{nr},a,b,c,\n")).collect::<Vec<_>>().concat();
    let header = "nr,name,street,remark\n";
    let few = &ended[..=ended[..20_000].rfind('\n').unwrap()];
    let mut seen = Vec::new();
    for (threads, block) in [("1", "4194304"), ("2", "65536"), ("7", "1024")] {
        let muster = muster().env("MUSTER_TEST_BLOCK", block);
        muster.write("usual.csv", format!("{header}{plain}{ended}"));
        muster.write("unusual.csv", format!("{header}{few}{plain}{plain}"));
        assert_eq!(rejected(&muster, "usual.csv", &["--threads", threads]), []);
        seen.push(rejected(&muster, "unusual.csv", &["--threads", threads]));
    }
    assert!(seen[0].len() > 1000 && seen.iter().all(|found| *found == seen[0]), "{}", seen[0].len());
}

/// What came back holds nothing but rejected records: that nearly all have a cell too many says nothing about it.
#[test]
fn returned_records_are_judged_as_in_their_source() {
    let muster = muster();
    let text = "nr,name,street,remark\n1,a,b,\n2,c,,d,\n3,e,,f,\n4,g,h,\n";
    muster.write("people.csv", text);
    assert_eq!(rejected(&muster, "people.csv", &[]), too_many([2, 3]));
    muster
        .run(["check", "people=out/people.rejected.csv", "--schemas", "schemas", "--out", "again"])
        .exits(3);
    // Away from its run, nothing says what is usual.
    muster.write("people.rejected.csv", std::fs::read(muster.path("out/people.rejected.csv")).unwrap());
    assert_eq!(rejected(&muster, "people.rejected.csv", &[]), too_many([1, 2]));
    // Where each record of the source ends in a delimiter, so do those that came back.
    muster.write("ended.csv", "nr,name,street,remark\n1,a,b,c,\n2,d,e,f,\n,g,h,i,\n,j,k,l,\n");
    muster.run(["check", "people=ended.csv", "--schemas", "schemas", "--out", "ended"]).exits(3);
    let back = String::from_utf8(std::fs::read(muster.path("ended/ended.rejected.csv")).unwrap()).unwrap();
    muster.write("ended/ended.rejected.csv", back.replacen("\n,", "\n3,", 1).replacen("\n,", "\n4,", 1));
    muster
        .run(["check", "people=ended/ended.rejected.csv", "--schemas", "schemas", "--out", "fixed"])
        .exits(0);
}
