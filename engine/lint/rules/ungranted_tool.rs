//! `ungranted-tool`: prose that tells a stage to use what it may not.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Speech, need};
use crate::playbook::{CheckKind, Grant, Playbook, Stage};
use crate::source::{Span, Spanned};

pub(super) const RULE: Rule = Rule {
    name: "ungranted-tool",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("ungranted-tool"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for speech in subject.speeches() {
        let readers = subject.readers(speech.audience);
        if readers.is_empty() {
            continue;
        }
        let mut told: Vec<Span> = Vec::new();
        for word in &speech.prose.code_words {
            let Some(grant) = asked(subject, word) else { continue };
            if readers.iter().any(|stage| may(subject.playbook, stage, &grant)) {
                continue;
            }
            let whose = subject.whose(speech.audience);
            let message = format!("{whose} speaks of `{}`, which is not granted", word.value);
            told.push(word.span);
            report(
                RULE.at(subject.word(word.span, word), message).help(format!(
                    "grant `{grant}` in the stage's `tools:`, or do not speak of it"
                )),
            );
        }
        in_plain_words(subject, speech, &readers, &told, report);
    }
}

/// Reports instructions that take a tool which they do not name.
fn in_plain_words(
    subject: &Subject<'_>,
    speech: &Speech<'_>,
    readers: &[&Stage],
    told: &[Span],
    report: Report<'_>,
) {
    for sentence in &speech.sentences {
        for clause in speech.clauses(sentence) {
            let Some(need) = need(speech, sentence, clause) else { continue };
            let has = |stage: &&Stage| {
                let mut grants = subject.playbook.grants(stage);
                grants.any(|grant| matches!(grant, Grant::Tool(name) if need.tools.contains(&name.as_str())))
            };
            let named = told
                .iter()
                .any(|place| sentence.span.start <= place.start && place.end <= sentence.span.end);
            // A file of a model app is looked up, as a doc is.
            let looked_up = need.tools.contains(&"read")
                && subject.text(sentence.span).contains("airplane")
                && readers.iter().any(|stage| {
                    may(subject.playbook, stage, &Grant::Tool("reference".to_owned()))
                });
            let met = readers.iter().any(has) || named || looked_up;
            if met || speech.is_reproved(sentence) {
                continue;
            }
            let whose = subject.whose(speech.audience);
            let message = format!(
                "{whose} tells the model to {}, and `{}` is not granted",
                need.what, need.tools[0]
            );
            report(RULE.at(need.span, message).help(format!(
                "grant `{}` in the stage's `tools:`, or leave it out",
                need.tools[0]
            )));
        }
    }
}

/// Returns what a word in backticks asks for: a tool by its word, or a command that is to be run.
fn asked(subject: &Subject<'_>, word: &Spanned<String>) -> Option<Grant> {
    let name = word.value.as_str();
    if subject.known.tools.contains(&name) {
        return Some(Grant::Tool(name.to_owned()));
    }
    if let Some(command) = name.strip_prefix("run(").and_then(|rest| rest.strip_suffix(')')) {
        let named = !command.is_empty()
            && command.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        return named.then(|| Grant::Run(command.to_owned()));
    }
    let command = subject.playbook.command(name)?;
    let source = subject.bundle.files.get(usize::from(word.span.file.0))?;
    let before = source.text.get(..word.span.start as usize)?;
    let sentence = before.rsplit(['\n', '.', ';', ':']).next()?;
    let mut words = sentence.split(|character: char| !character.is_alphanumeric());
    let runs = words.any(|word| matches!(word, "run" | "Run" | "command" | "commands"));
    runs.then(|| Grant::Run(command.name.value.clone()))
}

/// Whether a stage may do it, or the engine does it for the stage.
fn may(playbook: &Playbook, stage: &Stage, grant: &Grant) -> bool {
    if playbook.grants(stage).any(|granted| granted == grant) {
        return true;
    }
    let Grant::Run(command) = grant else { return false };
    let checked = stage
        .checks
        .iter()
        .any(|check| matches!(&check.kind, CheckKind::Run(name) if name.value == *command));
    let ran = playbook.stages.iter().filter_map(|stage| stage.run.as_ref());
    checked || ran.into_iter().any(|run| run.value == *command)
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{finds, found, of_stages, silent};

    #[test]
    fn what_takes_a_tool_that_is_not_named_is_found() {
        finds(
            "ungranted-tool",
            &[
                ("Delete the old file.", "Delete the old file"),
                ("Remove `src/old.ts`.", "Remove `src/old.ts`"),
                ("Ask the user which one they want.", "Ask the user"),
                ("Confirm the plan with the person.", "Confirm the plan with the person"),
                (
                    "Create a new file called `basket.html`.",
                    "Create a new file called `basket.html`",
                ),
                ("Write the list to `basket.json`.", "Write the list to `basket.json`"),
                ("Edit `app/basket.py`.", "Edit `app/basket.py`"),
                ("Set the host in the env file.", "Set the host in the env file"),
                ("Add the token to `.env.local`.", "Add the token to `.env.local`"),
            ],
        );
        let alone = of_stages("", "", &[("build", "", "Read `app/basket.py`.")]);
        assert_eq!(found("ungranted-tool", &alone), ["Read `app/basket.py`"]);
        let both = of_stages(
            "",
            "",
            &[("build", "", "Update `plan.json` so that it matches, then remove it.")],
        );
        assert_eq!(found("ungranted-tool", &both), ["Update `plan.json`", "remove it"]);
    }

    #[test]
    fn what_takes_no_tool_or_one_that_is_granted_is_left() {
        silent(
            "ungranted-tool",
            &[
                "Never delete a file.",
                "Remove the word from the file's list.",
                "Remove the import of `a.ts` from the list.",
                "Ask what the page needs.",
                "The user asks for a basket.",
                "Create the basket.",
                "Write one page at most.",
                "Update the summary.",
                "Do not ask the user.",
                "Read `app/basket.py`.",
                "Write in plain words.",
                "Set the language of the page.",
                "The token: set as `TOKEN` in `.env`.",
                "Do not create, modify, or delete any files.",
                "Call `run()` and `run(pass *Pass) (any, error)`.",
            ],
        );
        let granted =
            "tools: [edit, write, remove, ask], writes: ['**'], checks: [{changed: '**'}]";
        let section = "Ask the user. Delete the file. Create `a.md`. Edit `b.md`.";
        assert!(
            found("ungranted-tool", &of_stages("", "", &[("build", granted, section)])).is_empty()
        );
    }
}
