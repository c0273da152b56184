//! `unknown-step`: a step spoken of by a number that its section does not have.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Audience, Kind, Speech, Word, lemma};
use crate::playbook::{Prose, Stage};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "unknown-step",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unknown-step"),
    diagnose: Some(diagnose),
};

/// What numbered parts of a text are called.
const PARTS: [&str; 4] = ["step", "steps", "phase", "phases"];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    if subject.models().count() < 2 {
        return;
    }
    let shared = LazyCell::new(|| {
        let mut shared = BTreeSet::new();
        let all = std::iter::once(&playbook.preamble).chain(&playbook.includes);
        all.for_each(|prose| numbers(subject, prose, &mut shared));
        shared
    });
    for speech in subject.speeches() {
        let Audience::Stage(index) = speech.audience else { continue };
        let mentions = mentions(speech);
        if mentions.is_empty() {
            continue;
        }
        let stage = &playbook.stages[index];
        let mut own = (*shared).clone();
        let proses = stage.section.iter().chain(&stage.includes);
        proses.for_each(|prose| numbers(subject, prose, &mut own));
        own.extend(of_stage(stage));
        let mut told = BTreeSet::new();
        for (number, place) in mentions {
            if own.contains(&number) || !told.insert(number) {
                continue;
            }
            let message =
                format!("`{}` has no step {number}, and sees no other stage", stage.id.value);
            let mut finding = RULE
                .at(place, message)
                .help("say what is meant: what an earlier stage left is `${{ stages.ID.output }}`");
            let other = playbook.stages.iter().find(|other| of_stage(other).contains(&number));
            if let Some(other) = other {
                finding = finding.related(other.id.span, "this stage, perhaps");
            }
            report(finding);
        }
    }
}

/// Returns the steps that a speech mentions, each with its place. What begins a sentence is its label.
fn mentions(speech: &Speech<'_>) -> Vec<(u32, Span)> {
    let mut found = Vec::new();
    for sentence in &speech.sentences {
        let words = speech.said(sentence);
        for (at, pair) in words.windows(2).enumerate().skip(1) {
            let [part, number] = pair else { continue };
            // A step of something else is named after it.
            let of = words.get(at + 2).is_some_and(|next| next.any(&["of", "in"]));
            let step = part.any(&PARTS) && number.kind == Kind::Plain;
            if step && !of && !is_of_another(&words[..at]) {
                let place = Speech::place(pair);
                found.extend(leading(number.text).zip(place));
            }
        }
    }
    found
}

/// Words with a capital that lead to a step at the beginning of a sentence, and name nothing.
const LEADING: [&str; 18] = [
    "after", "as", "at", "before", "by", "during", "for", "from", "if", "in", "on", "once", "only",
    "since", "the", "to", "until", "when",
];

/// Whether what stands before a step names the thing whose step it is: a program in backticks, a
/// name, or whose it is.
fn is_of_another(before: &[Word<'_>]) -> bool {
    let Some(last) = before.last() else { return false };
    let mut letters = last.text.chars();
    let is_name = letters.next().is_some_and(char::is_uppercase)
        && letters.next().is_some_and(char::is_lowercase)
        && !last.any(&LEADING)
        && lemma(&last.text.to_ascii_lowercase()).is_none();
    let is_owner = last.text.ends_with("'s") || last.text.ends_with("’s");
    last.kind == Kind::Code || (last.kind == Kind::Plain && (is_name || is_owner))
}

/// Returns the number that a text begins with.
fn leading(text: &str) -> Option<u32> {
    let digits = text.len() - text.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
    text[..digits].parse().ok().filter(|_| digits < 3)
}

/// Collects the numbers by which parts of a text can be called: of headings, lists and labels.
fn numbers(subject: &Subject<'_>, prose: &Prose, found: &mut BTreeSet<u32>) {
    for line in subject.text(prose.span).lines() {
        let line = line.trim_start_matches(['#', ' ', '\t', '*', '_', '-', '>', '|', '[', ']']);
        found.extend(leading(line));
        let Some((part, rest)) = line.split_once(' ') else { continue };
        if PARTS.iter().any(|known| part.eq_ignore_ascii_case(known)) {
            found.extend(leading(rest));
        }
    }
}

/// Returns the numbers in a stage's id and title that follow a word for a part.
fn of_stage(stage: &Stage) -> BTreeSet<u32> {
    let title = stage.title.as_ref().map_or("", |title| title.text.as_str());
    let words = stage.id.value.split(['_', '-']).chain(title.split([' ', ':']));
    let words: Vec<&str> = words.collect();
    let pairs =
        words.windows(2).filter(|pair| PARTS.iter().any(|part| pair[0].eq_ignore_ascii_case(part)));
    pairs.filter_map(|pair| leading(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, of_stages};

    fn of_second(preamble: &str, section: &str) -> Vec<String> {
        let stages = [("survey", "", "1. Look.\n2. Ask."), ("build", "", section)];
        found("unknown-step", &of_stages("", preamble, &stages))
    }

    #[test]
    fn a_step_of_another_section_is_found() {
        for (section, at) in [
            ("From the files you read in Step 3, take the names.", "Step 3"),
            ("If nothing is left, skip to step 4.", "step 4"),
            ("Use the list of phase 2b.", "phase 2b"),
            ("After Step 6: read the list.", "Step 6"),
            ("Look first, then Repeat Step 7.", "Step 7"),
            ("Complete Step 5 first.", "Step 5"),
            ("Skip step 4.", "step 4"),
            ("1. Look.\n2. Go back to step 5.", "step 5"),
        ] {
            assert_eq!(of_second("", section), [at], "{section}");
        }
    }

    #[test]
    fn a_step_of_its_own_is_left() {
        for section in [
            "1. Look.\n2. Go back to step 1.",
            "### Step 1: Look\n\nLook.\n\n### Step 2\n\nRepeat step 1.",
            "**Step 1** Look. Then repeat step 1.",
            "Step 3: Look around.",
            "See step 3 of the guide.",
            "It is read by `shop/edit-page` Phase 3.",
            "The list is what the Basket Maker phase 4 wants.",
            "Basketry phase 4 needs the list.",
            "Begin that playbook's phase 4 with it.",
            "Take three steps.",
            "In a step of 10 pixels, move it.",
            "This takes 2 steps.",
            "The phase is 3 seconds long.",
            "Each step counts.",
        ] {
            assert_eq!(of_second("", section), Vec::<String>::new(), "{section}");
        }
        assert!(of_second("1. Look.\n2. Build.\n3. Tell.", "Leave it to step 3.").is_empty());
        let alone = of_stages("", "", &[("build", "", "Skip to step 4.")]);
        assert!(found("unknown-step", &alone).is_empty());
    }
}
