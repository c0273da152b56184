//! `included-front-matter`: an include that begins with front matter, which the model reads.

use serde_json::Value;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::front_matter;

pub(super) const RULE: Rule = Rule {
    name: "included-front-matter",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("included-front-matter"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let own = playbook.stages.iter().flat_map(|stage| &stage.includes);
    for include in playbook.includes.iter().chain(own) {
        let source = subject.bundle.files.get(usize::from(include.span.file.0));
        let (Some(source), Some(named)) = (source, include.named) else { continue };
        if !source.text.trim_start_matches('\u{feff}').starts_with("---") {
            continue;
        }
        let Ok((Some(Value::Object(keys)), _)) = front_matter(&source.text) else { continue };
        let is_playbook = keys.contains_key("playbook") && keys.contains_key("stages");
        let (what, help) = if *source.name == *subject.bundle.files[0].name {
            ("includes itself", "remove it: a stage is told its preamble and its section anyway")
        } else if is_playbook {
            (
                "is a playbook, whose front matter the model would read as prose",
                "move what both have to say into a file of its own, and include that in both",
            )
        } else {
            (
                "begins with front matter, which the model reads as prose",
                "remove it: nothing reads the keys of an include",
            )
        };
        let message = format!("`{}` {what}", include.path);
        let line = source.text.find('\n').unwrap_or(source.text.len());
        let begin = include.span.part(0, line.saturating_sub(include.span.start as usize));
        report(RULE.at(named, message).related(begin, "begins here").help(help));
    }
}
