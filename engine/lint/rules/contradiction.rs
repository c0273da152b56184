//! `contradiction`: one model is told to do something, and not to.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Audience, Claim, Speech, claims, list, normal};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "contradiction",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("contradiction"),
    diagnose: Some(diagnose),
};

/// Verbs of which one is not done by whoever does the other, and phrases of which one holds.
struct Opposites {
    verbs: Vec<[&'static str; 2]>,
    phrases: Vec<[&'static str; 2]>,
}

static OPPOSITES: LazyLock<Opposites> = LazyLock::new(|| {
    let mut opposites = Opposites { verbs: Vec::new(), phrases: Vec::new() };
    for line in include_str!("opposites.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some((one, other)) = line.split_once(" | ") {
            opposites.phrases.push([one, other]);
        } else if let Some((one, other)) = line.split_once(' ') {
            opposites.verbs.push([one, other]);
        }
    }
    opposites
});

/// Nouns that say too little: they are the same thing only where the same words narrow them.
static EMPTY: LazyLock<Vec<&str>> = LazyLock::new(|| list(include_str!("empty_nouns.txt")));

/// A claim, with who reads it.
struct Said {
    claim: Claim,
    audience: Audience,
    library: bool,
}

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let own = subject.speeches().iter().map(|speech| (speech, false));
    let references = subject.references().iter().map(|speech| (speech, true));
    let speeches: Vec<(&Speech<'_>, bool)> = own.chain(references).collect();
    let mut groups: BTreeMap<(&str, String), Vec<Said>> = BTreeMap::new();
    for (speech, library) in &speeches {
        for sentence in &speech.sentences {
            for claim in claims(speech, sentence) {
                let group = (claim.lemma, claim.about.head.clone());
                let said = Said { claim, audience: speech.audience, library: *library };
                groups.entry(group).or_default().push(said);
            }
        }
    }
    let mut told = HashSet::new();
    for claims in groups.values().filter(|claims| claims.len() > 1) {
        for (index, one) in claims.iter().enumerate() {
            for other in &claims[index + 1..] {
                let clash = denied(&one.claim, &other.claim)
                    .or_else(|| reordered(&one.claim, &other.claim));
                let Some((here, there)) = clash.filter(|_| meet(one, other)) else { continue };
                if told.insert(here.span) {
                    report(finding(subject, here, there));
                }
            }
        }
    }
    for (one, other) in pairs(&groups) {
        let strong = one.claim.strong || other.claim.strong;
        let both = !one.claim.negated && !other.claim.negated;
        let clash = both && strong && meet(one, other) && same(&one.claim, &other.claim);
        if clash && told.insert(other.claim.span) {
            report(finding(subject, &other.claim, &one.claim));
        }
    }
    rivals(subject, &speeches, report);
}

/// Returns the claims about one thing whose verbs are opposites.
fn pairs<'s>(groups: &'s BTreeMap<(&str, String), Vec<Said>>) -> Vec<(&'s Said, &'s Said)> {
    let mut found = Vec::new();
    for ((verb, head), claims) in groups {
        let opposites = OPPOSITES.verbs.iter().filter(|[one, _]| one == verb);
        let others = opposites.filter_map(|[_, other]| groups.get(&(*other, head.clone())));
        for other in others.flatten() {
            found.extend(claims.iter().map(|one| (one, other)));
        }
    }
    found
}

/// Whether one model reads both, and at least one is the playbook's own.
fn meet(one: &Said, other: &Said) -> bool {
    one.audience.meets(other.audience)
        && !(one.library && other.library)
        && one.claim.sentence != other.claim.sentence
}

/// Returns the one that says not to do what the other says to do, and the other.
fn denied<'c>(one: &'c Claim, other: &'c Claim) -> Option<(&'c Claim, &'c Claim)> {
    if one.negated == other.negated || one.order.is_some() || other.order.is_some() {
        return None;
    }
    let (not, does) = if one.negated { (one, other) } else { (other, one) };
    let within = |small: &[String], large: &[String]| small.iter().all(|word| large.contains(word));
    let covers = within(&not.about.narrowed, &does.about.narrowed)
        && within(&not.about.circumstances, &does.about.circumstances);
    (covers && is_telling(not, does)).then_some((not, does))
}

/// Returns two instructions that put one thing before and after another, the later one first.
fn reordered<'c>(one: &'c Claim, other: &'c Claim) -> Option<(&'c Claim, &'c Claim)> {
    let (first, second) = (one.order.as_ref()?, other.order.as_ref()?);
    let clash =
        first.before != second.before && first.what.iter().any(|word| second.what.contains(word));
    (clash && is_telling(one, other)).then_some((other, one))
}

/// Whether two claims are about the same thing.
fn same(one: &Claim, other: &Claim) -> bool {
    one.about.narrowed == other.about.narrowed
        && one.about.circumstances == other.about.circumstances
        && is_telling(one, other)
}

/// Whether the thing that both are about is more than a word for anything.
fn is_telling(one: &Claim, other: &Claim) -> bool {
    let empty = EMPTY.contains(&one.about.head.as_str());
    !empty || (!one.about.narrowed.is_empty() && one.about.narrowed == other.about.narrowed)
}

/// The most letters of a sentence that a message shows.
const SHOWN: usize = 60;

fn finding(subject: &Subject<'_>, here: &Claim, there: &Claim) -> Diagnostic {
    let shown = |claim: &Claim| {
        let words: Vec<&str> = subject.text(claim.span).split_whitespace().collect();
        let mut text: String = words.join(" ").replace('`', "").chars().take(SHOWN + 1).collect();
        if text.chars().count() > SHOWN {
            text.pop();
            text.push('…');
        }
        text
    };
    RULE.at(here.span, format!("`{}` contradicts `{}`", shown(here), shown(there)))
        .related(there.span, "told here")
        .help("leave one of them, or say in one sentence when each holds")
}

/// A way of doing something that the prose asks for.
struct Asked {
    way: usize,
    audience: Audience,
    rest: Vec<String>,
    span: Span,
}

/// Reports two ways of which only one can hold, such as tabs and spaces.
fn rivals(subject: &Subject<'_>, speeches: &[(&Speech<'_>, bool)], report: Report<'_>) {
    for ways in &OPPOSITES.phrases {
        let mut asked: Vec<Asked> = Vec::new();
        for (speech, _) in speeches {
            for sentence in &speech.sentences {
                let text = subject.text(sentence.span);
                let Some(way) = ways.iter().position(|way| text.contains(way)) else { continue };
                // Who speaks of both tells them apart.
                if text.contains(ways[1 - way]) || speech.is_reproved(sentence) {
                    continue;
                }
                let words = speech.said(sentence);
                let hedges = [
                    "if", "unless", "except", "when", "where", "or", "not", "never", "only", "for",
                    "instead", "than",
                ];
                let asks = ["use", "indent", "prefer", "write", "place", "put", "format", "name"];
                let orders = speech.clauses(sentence).iter().any(|clause| clause.orders(&asks));
                let states = speech
                    .has(sentence, &["stand", "stands", "go", "goes", "belong", "belongs", "are"]);
                if !(orders || states) || words.iter().any(|word| word.any(&hedges)) {
                    continue;
                }
                let way_words: Vec<&str> = ways[way].split(' ').collect();
                let mut rest = normal(words);
                rest.retain(|word| {
                    !asks.contains(&word.as_str())
                        && word != "always"
                        && !way_words.iter().any(|way| way.starts_with(word.as_str()))
                });
                asked.push(Asked { way, audience: speech.audience, rest, span: sentence.span });
            }
        }
        let clash = asked.iter().enumerate().find_map(|(index, one)| {
            let other = asked[index + 1..].iter().find(|other| {
                other.way != one.way && other.audience.meets(one.audience) && other.rest == one.rest
            });
            Some((one, other?))
        });
        if let Some((one, other)) = clash {
            let message = format!("{} here, {} elsewhere", ways[other.way], ways[one.way]);
            report(
                RULE.at(other.span, message)
                    .related(one.span, "told here")
                    .help("leave one of them, or say in one sentence when each holds"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, in_section, of_stages, silent};

    /// Returns what is found in prose for every stage and one section.
    fn across(preamble: &str, section: &str) -> usize {
        found("contradiction", &of_stages("", preamble, &[("build", "", section)])).len()
    }

    #[test]
    fn what_is_said_both_ways_is_found() {
        for (one, other) in [
            ("Never edit tests.", "Edit the tests of the page."),
            ("Do not commit `.env`.", "Then commit `.env` with the rest."),
            ("Always keep the `debug` flag.", "Delete the `debug` flag."),
            ("Never put the token in the source.", "Hardcode the token."),
            ("Don't add comments, blank lines or docstrings.", "Add docstrings to each function."),
            (
                "Never guess the package manager from lock files.",
                "Read the lockfile to pick the package manager.",
            ),
            (
                "Never guess the manager from lock files, call the tool.",
                "Detect the manager from the project's lockfile and run it.",
            ),
            (
                "Create the task list at once, before reading any reference.",
                "Create the task list after you load and skim the skill.",
            ),
            (
                "Set it up in one place, never manual captures.",
                "Capturing there too is worth an edit.",
            ),
            ("Indent with tabs.", "Indent with spaces."),
            ("Use single quotes.", "Always use double quotes."),
            ("Put imports at the top of the file.", "Put imports at the bottom of the file."),
            ("You must always use `any`.", "Avoid using `any`."),
            ("Imports stand at the top of the file.", "Imports stand at the bottom of the file."),
            ("Never edit the error handlers.", "Always edit the error handlers."),
        ] {
            assert_eq!(across(one, other), 1, "{one} {other}");
            assert_eq!(across(other, one), 1, "{other} {one}");
            assert_eq!(
                in_section("contradiction", &format!("{one}\n\n{other}")).len(),
                1,
                "{one} {other}"
            );
        }
    }

    #[test]
    fn an_exception_a_condition_or_another_thing_is_no_contradiction() {
        for (one, other) in [
            ("Never edit generated tests.", "Edit the tests."),
            ("Never edit tests.", "If a test names the page, edit the test."),
            ("Do not use `any` in tests.", "Use `any` for third-party types."),
            ("Do not edit files.", "Edit the files below `src`."),
            ("Never add more than one event.", "Add the event."),
            ("Do not just add the event.", "Add the event."),
            ("Do not add logging for:", "Add logging."),
            ("Category C: do not create issues.", "Create an issue."),
            ("Navigation (tab to tab) should not use slides.", "Use slides."),
            ("> Never edit tests.", "Edit tests."),
            ("Avoid:\n\n- Edit tests.", "Never edit tests."),
            ("Use single quotes in JavaScript.", "Use double quotes in SQL."),
            ("Use tabs or spaces as the file does.", "Indent with tabs."),
            ("Never delete a page before it is saved.", "Delete the page after the last request."),
            ("\"Never edit tests\" is a good rule.", "Edit tests."),
            ("Never run `npm ci`, `vite build`\nfrom the workspace folder.", "Run `npm ci`."),
        ] {
            assert_eq!(across(one, other), 0, "{one} {other}");
        }
        silent("contradiction", &["Read it. Do not guess.", "Keep it short. Delete it."]);
    }

    #[test]
    fn sections_of_two_stages_do_not_contradict_each_other() {
        let stages = [("one", "", "Never edit tests."), ("two", "", "Edit tests.")];
        assert!(found("contradiction", &of_stages("", "", &stages)).is_empty());
    }
}
