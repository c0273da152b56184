//! Commands: the words of their argv, split before anything is rendered.

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::expression::Template;
use crate::playbook::format::{AccessFormat, CommandFormat, Entries, Word, Words};
use crate::playbook::lower::Lower;
use crate::playbook::misread;
use crate::playbook::{Argument, ArgumentRule, Command, CommandKind, EnvFileAccess};
use crate::source::Spanned;

/// How long a command may take when the playbook does not say.
const COMMAND_TIMEOUT: Duration = Duration::from_mins(10);

impl Lower<'_> {
    pub(super) fn commands(&mut self, commands: Entries<CommandFormat>) -> Vec<Command> {
        commands.0.into_iter().filter_map(|(name, command)| self.command(name, command)).collect()
    }

    fn command(&mut self, name: Spanned<String>, command: CommandFormat) -> Option<Command> {
        let mut kinds = Vec::new();
        kinds.extend(command.run.map(|words| (CommandKind::Run, words)));
        kinds.extend(command.exec.map(|words| (CommandKind::Exec, words)));
        kinds.extend(command.add.map(|words| (CommandKind::Add, words)));
        kinds.extend(command.script.map(|words| (CommandKind::Script, words)));
        let of = "run, exec, add, script";
        let Some((kind, words)) = self.exactly_one("a command", of, kinds, name.span) else {
            self.unread.push(name.value);
            return None;
        };
        let span = words.span;
        let words = self.words(words);
        if words.as_ref().is_some_and(Vec::is_empty) {
            self.fault("wrong-value", span, "a command wants at least one word");
        }
        let words = words.unwrap_or_default();
        let mut args = Vec::new();
        for (name, argument) in command.args.0 {
            let mut rules = Vec::new();
            rules.extend(argument.options.map(|options| {
                ArgumentRule::Options(options.into_iter().map(|option| option.0).collect())
            }));
            if let Some(pattern) = argument.pattern {
                self.regex(&pattern);
                rules.push(ArgumentRule::Pattern(pattern));
            }
            if let Some(rule) = self.exactly_one("an argument", "enum, pattern", rules, name.span) {
                args.push(Argument { name, rule });
            } else {
                self.unread.push(name.value);
            }
        }
        Some(Command {
            name,
            kind,
            words,
            cwd: command.cwd,
            timeout: self.duration(command.timeout.as_ref()).unwrap_or(COMMAND_TIMEOUT),
            env_file: match command.env_file {
                AccessFormat::Hidden => EnvFileAccess::Hidden,
                AccessFormat::Readable => EnvFileAccess::Readable,
            },
            network: command.network,
            parallel: command.parallel,
            args,
        })
    }

    /// Splits a line by shell words before anything is rendered, so that a word never splits.
    fn words(&mut self, words: Spanned<Words>) -> Option<Vec<Template>> {
        let words = match words.value {
            Words::List(list) => list.into_iter().map(|word| self.word(word)).collect(),
            Words::Line(line) => {
                let Some(split) = split_words(&line) else {
                    let message = "a quote in this command is never closed";
                    let fault = Diagnostic::error("wrong-value", words.span, message);
                    self.faults.push(misread::cut_short(fault, words.span, self.source));
                    return None;
                };
                split
                    .into_iter()
                    .map(|word| self.word(Spanned::new(Word(word), words.span)))
                    .collect()
            }
        };
        Some(words)
    }
}

/// Splits by shell words, a `${{ }}` never being split.
fn split_words(line: &str) -> Option<Vec<String>> {
    let mut held = Vec::new();
    let mut safe = String::new();
    let mut rest = line;
    while let Some(open) = rest.find("${{") {
        let close = rest[open..].find("}}").map(|close| open + close + 2)?;
        safe.push_str(&rest[..open]);
        safe.push_str(&format!("\u{1}{}\u{1}", held.len()));
        held.push(&rest[open..close]);
        rest = &rest[close..];
    }
    safe.push_str(rest);
    let words = shlex::split(&safe)?;
    let restore = |word: String| {
        held.iter().enumerate().fold(word, |word, (index, expression)| {
            word.replace(&format!("\u{1}{index}\u{1}"), expression)
        })
    };
    Some(words.into_iter().map(restore).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_splits_before_it_is_rendered() {
        let words = split_words("tool 'a b' --x=${{ inputs.a b }} ${{ c }}").unwrap();
        assert_eq!(words, ["tool", "a b", "--x=${{ inputs.a b }}", "${{ c }}"]);
        assert_eq!(split_words("tool 'a"), None);
    }
}
