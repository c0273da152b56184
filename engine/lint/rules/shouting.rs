//! `shouting`: so much emphasis that none is left.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::Kind;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "shouting",
    level: Level::Info,
    profile: Profile::Strict,
    page: page!("shouting"),
    diagnose: Some(diagnose),
};

/// Words that shout when all their letters are capitals.
const SHOUTED: [&str; 22] = [
    "MUST",
    "NEVER",
    "ALWAYS",
    "NOT",
    "DO",
    "DON'T",
    "IMPORTANT",
    "CRITICAL",
    "REQUIRED",
    "MANDATORY",
    "WARNING",
    "STOP",
    "ONLY",
    "EVERY",
    "ALL",
    "ANY",
    "BEFORE",
    "AFTER",
    "EXACTLY",
    "CRUCIAL",
    "ESSENTIAL",
    "FORBIDDEN",
];

/// As many words of prose may have one shouted word between them.
const WORDS_TO_ONE: usize = 60;

/// So few are never too many.
const FEW: usize = 3;

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for speech in subject.speeches() {
        let mut words = 0;
        let mut shouts: Vec<Span> = Vec::new();
        for sentence in &speech.sentences {
            let mut before = false;
            for word in speech.said(sentence) {
                words += usize::from(word.kind == Kind::Plain);
                let severe = word.text == "CRITICAL" && sentence.span.start != word.span.start;
                let shouted = word.kind == Kind::Plain && SHOUTED.contains(&word.text) && !severe;
                // "DO NOT" is one shout.
                if shouted && !before {
                    shouts.push(word.span);
                }
                before = shouted;
            }
        }
        if shouts.len() > FEW && shouts.len() * WORDS_TO_ONE > words {
            let message = format!(
                "{} shouts {} times in {words} words",
                subject.whose(speech.audience),
                shouts.len()
            );
            report(
                RULE.at(shouts[0], message)
                    .help("what matters most is lost among what is shouted: keep capitals for one rule, or give the reason instead"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::in_section;

    #[test]
    fn only_much_of_it_is_shouting() {
        let loud = "You MUST read it. NEVER guess. ALWAYS ask. DO NOT stop.";
        assert_eq!(in_section("shouting", loud), ["MUST"]);
        let calm = "This is a sentence of the usual kind, and it has ten words. ".repeat(25);
        for section in [
            "You MUST read it. NEVER guess.",
            "Call the API with JSON over HTTP and save the CSV.",
            "A severity is CRITICAL or HIGH. This is CRITICAL. So is this: CRITICAL. And CRITICAL.",
            &format!("{loud} {calm}"),
            "Run `NEVER`, `ALWAYS`, `MUST` and `ONLY`.",
        ] {
            assert_eq!(in_section("shouting", section), Vec::<String>::new(), "{section}");
        }
    }
}
