//! `repeated-prose`: a sentence that one model reads twice, or that stands in most sections.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Audience, Block, Kind, Sentence, Speech, Word};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "repeated-prose",
    level: Level::Info,
    profile: Profile::Strict,
    page: page!("repeated-prose"),
    diagnose: Some(diagnose),
};

/// Fewer words may be the same by chance.
const FEWEST_WORDS: usize = 8;

/// So many sections may say the same before it belongs to all of them.
const FEW_SECTIONS: usize = 3;

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let mut said: HashMap<u64, Vec<(Audience, Span)>> = HashMap::new();
    for speech in subject.speeches() {
        for sentence in speech
            .sentences
            .iter()
            .filter(|sentence| !matches!(sentence.block, Block::Cell | Block::Quotation))
        {
            if !instructs(subject, speech, sentence) {
                continue;
            }
            if let Some(key) = key(speech.said(sentence)) {
                said.entry(key).or_default().push((speech.audience, sentence.span));
            }
        }
    }
    let mut repeated: Vec<&Vec<(Audience, Span)>> =
        said.values().filter(|places| places.len() > 1).collect();
    repeated.sort_by_key(|places| places[0].1);
    for places in repeated {
        let (first_audience, first) = places[0];
        let again = places[1..]
            .iter()
            .find(|(audience, span)| audience.meets(first_audience) && *span != first);
        if let Some((_, again)) = again {
            report(
                RULE.at(*again, "this is said twice to one model")
                    .related(first, "said here already")
                    .help("say it once: each run pays for it, and one of the two will be changed without the other"),
            );
            continue;
        }
        let mut sections: Vec<Audience> = Vec::new();
        for (audience, _) in places {
            if !sections.contains(audience) {
                sections.push(*audience);
            }
        }
        if sections.len() >= FEW_SECTIONS {
            report(
                RULE.at(first, format!("{} sections say this", sections.len()))
                    .related(places[1].1, "again")
                    .help("say it once, before the first section or in an `include:`"),
            );
        }
    }
}

/// Whether a sentence tells the model something. A list of names with their types, such as that of
/// a call's parameters, has to be whole.
fn instructs(subject: &Subject<'_>, speech: &Speech<'_>, sentence: &Sentence) -> bool {
    let tells = speech.clauses(sentence).iter().any(|clause| clause.verb.is_some());
    if !tells || !matches!(sentence.block, Block::Item(_)) {
        return tells;
    }
    let Some(source) = subject.bundle.files.get(usize::from(sentence.span.file.0)) else {
        return tells;
    };
    let above = source.text.get(..sentence.span.start as usize).unwrap_or_default();
    let start = above.rfind('\n').map_or(0, |end| end + 1);
    let line = source.text[start..].trim_start_matches(['-', '*', ' ', '\t', '`']);
    let name = line
        .trim_start_matches(|letter: char| letter.is_alphanumeric() || "_.[]`*".contains(letter));
    !name.starts_with(" (")
}

/// Returns what two sentences have in common that say the same in the same words. A sentence that
/// reads what a stage left stands where it has to.
fn key(words: &[Word<'_>]) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    let mut count = 0;
    for word in words {
        match word.kind {
            Kind::Mark => continue,
            Kind::Template if word.text.contains("stages.") => return None,
            Kind::Plain => count += 1,
            _ => {}
        }
        for byte in word.text.bytes() {
            hasher.write_u8(byte.to_ascii_lowercase());
        }
        0_u8.hash(&mut hasher);
    }
    (count >= FEWEST_WORDS).then(|| hasher.finish())
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, of_stages};

    const SAID: &str = "Match the file you edit: its quotes, its line length and imports.";

    fn said(preamble: &str, sections: [&str; 3]) -> usize {
        let stages =
            [("one", "", sections[0]), ("two", "", sections[1]), ("three", "", sections[2])];
        found("repeated-prose", &of_stages("", preamble, &stages)).len()
    }

    #[test]
    fn what_one_model_reads_twice_is_found() {
        assert_eq!(said(SAID, [SAID, "B.", "C."]), 1);
        assert_eq!(said("", [&format!("{SAID}\n\n{SAID}"), "B.", "C."]), 1);
        let other = "match the file you edit, its quotes; its line length and **imports**";
        assert_eq!(said(SAID, [other, "B.", "C."]), 1);
        assert_eq!(said("", [SAID, SAID, SAID]), 1);
    }

    #[test]
    fn what_is_short_or_of_two_stages_is_left() {
        assert_eq!(said("", [SAID, SAID, "C."]), 0);
        let names = "- limit (integer) - The most that are returned. Use it to get a page of all that there are.";
        assert_eq!(said("", ["A.", &format!("{names}\n\nB.\n\n{names}"), "C."]), 0);
        assert_eq!(said("Do it well.", ["Do it well.", "Do it well.", "Do it well."]), 0);
        let reads = "Import the module by ${{ stages.one.output.summary }}, or in the relative form of its siblings.";
        assert_eq!(said("", ["A.", &format!("{reads}\n\n{reads}"), "C."]), 0);
    }
}
