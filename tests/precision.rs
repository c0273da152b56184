//! How often rules are right about prose that others wrote: the record of what was judged.

use std::collections::BTreeMap;

use wizard::lint::Profile;
use wizard::lint::rules;

use crate::support::root;

/// The fewest findings that say something about a rule.
const ENOUGH: u32 = 10;

#[test]
fn a_rule_that_is_wrong_once_in_five_is_for_strict_only() {
    let table = std::fs::read_to_string(root().join("tests/precision.tsv")).unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("rule\tcorpus\tfindings\tjudged\tright\twrong ones"));
    let mut before = String::new();
    let mut sums: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, corpus, findings, judged, right, _] = cells[..] else { panic!("{line}") };
        let key = format!("{name} {corpus}");
        assert!(before < key, "`{key}` stands after `{before}`");
        before = key;
        let [findings, judged, right] =
            [findings, judged, right].map(|it| it.parse::<u32>().unwrap());
        assert!(right <= judged && judged <= findings && judged > 0, "{line}");
        let page = std::fs::read_to_string(root().join("tests/precision.md")).unwrap();
        assert!(page.contains(&format!("- *{corpus}*:")), "{line}");
        let (all, good) = sums.entry(name).or_default();
        *all += judged;
        *good += right;
    }
    for (name, (judged, right)) in sums {
        let rule = rules::find(name).unwrap_or_else(|| panic!("there is no rule `{name}`"));
        let often = right * 5 >= judged * 4;
        assert!(
            often || judged < ENOUGH || rule.profile == Profile::Strict,
            "`{name}` is right {right} times in {judged}"
        );
    }
}
