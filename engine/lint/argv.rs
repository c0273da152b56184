//! The words of a command as lint reads them: which program is started in the end, and with what.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::expression::Template;
use crate::playbook::{Argument, ArgumentRule, Command, CommandKind};
use crate::source::Span;

/// A command's argv, as far as it is written.
pub(super) struct Argv<'a> {
    /// The words, templates as they are written.
    pub(super) words: Vec<&'a str>,
    /// Where each stands. Those of a line all have the place of the line.
    pub(super) places: Vec<Span>,
    /// The word that names the program which is started in the end.
    pub(super) program: usize,
    /// The names of the first program and of that one, without their folders.
    names: [String; 2],
}

/// Programs that start another, whose name is one of their words.
static LAUNCHERS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    lines(include_str!("launchers.txt")).flat_map(str::split_whitespace).collect()
});

/// Returns the lines of a list that are no comments.
pub(super) fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

impl<'a> Argv<'a> {
    /// Returns the argv of a command whose words name a program: not that of a script or of
    /// packages to add.
    pub(super) fn of(command: &'a Command) -> Option<Self> {
        if !matches!(command.kind, CommandKind::Run | CommandKind::Exec) || command.words.is_empty()
        {
            return None;
        }
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        let places = command.words.iter().map(|word| word.span).collect();
        let program = started(&words);
        let names = [name(words[0]), name(words[program])];
        Some(Argv { words, places, program, names })
    }

    /// Returns the program that is started in the end, without its folder.
    pub(super) fn name(&self) -> &str {
        &self.names[1]
    }

    /// Returns the program that the first word names, without its folder.
    pub(super) fn first(&self) -> &str {
        &self.names[0]
    }

    /// Returns the words after it.
    pub(super) fn rest(&self) -> &[&'a str] {
        &self.words[self.program + 1..]
    }

    /// Returns the place of the program's word.
    pub(super) fn place(&self) -> Span {
        self.places[self.program]
    }

    /// Whether the words stand in a line, which was split by shell words.
    pub(super) fn is_line(&self) -> bool {
        self.places.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// Whether the words from the first, or from the program that is started, begin with a
    /// pattern: its first word and then the others in this order, a word being one of those that
    /// `|` parts. Returns the place of the last word that was matched.
    pub(super) fn begins(&self, pattern: &str) -> Option<Span> {
        let (first, wanted) = pattern.split_once(' ').unwrap_or((pattern, ""));
        let starts = [(0, &self.names[0]), (self.program, &self.names[1])];
        starts.into_iter().find_map(|(start, name)| {
            if !first.split('|').any(|it| it == name) {
                return None;
            }
            let mut at = start;
            for choice in wanted.split_whitespace() {
                let rest = &self.words[at + 1..];
                let found = rest.iter().position(|word| choice.split('|').any(|it| it == *word))?;
                // A word that is no flag is a command of the program, and comes before all others.
                if !rest[found].starts_with('-') && !are_flags(&rest[..found]) {
                    return None;
                }
                at += 1 + found;
            }
            Some(self.places[at])
        })
    }
}

/// Whether words are flags and what stands right behind them.
fn are_flags(words: &[&str]) -> bool {
    let flag = |at: usize| words[at].starts_with('-');
    (0..words.len()).all(|at| flag(at) || at > 0 && flag(at - 1))
}

/// Returns the name of a program: the last part of its path, in small letters.
pub(super) fn name(word: &str) -> String {
    let word = word.rsplit(['/', '\\']).next().unwrap_or(word).to_lowercase();
    word.strip_suffix(".exe").map(str::to_owned).unwrap_or(word)
}

/// Finds the program that is started in the end: behind launchers, their flags, variables and
/// numbers.
fn started(words: &[&str]) -> usize {
    let mut at = 0;
    while LAUNCHERS.contains(&name(words[at]).as_str()) {
        let passed = |word: &&str| {
            word.starts_with('-')
                || is_variable(word)
                || word.starts_with(|it: char| it.is_ascii_digit())
        };
        let next = at + 1 + words[at + 1..].iter().take_while(|word| passed(word)).count();
        if next >= words.len() {
            break;
        }
        at = next;
    }
    at
}

/// Whether a word sets a variable, as a shell would read it.
pub(super) fn is_variable(word: &str) -> bool {
    static VARIABLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new("^[A-Za-z_][A-Za-z0-9_]*=").ok());
    VARIABLE.as_ref().is_some_and(|variable| variable.is_match(word))
}

/// Returns the arguments that stand in a word.
pub(super) fn filled(command: &Command, word: usize) -> Vec<&Argument> {
    let references = command.words.get(word).map(Template::references).unwrap_or_default();
    let named = |argument: &&Argument| {
        references.iter().any(|reference| {
            let [root, rest @ ..] = &reference.value[..] else { return false };
            root == "args" && rest.first().is_none_or(|name| *name == argument.name.value)
        })
    };
    command.args.iter().filter(named).collect()
}

/// Whether the model may fill in a word with more than the author wrote down.
pub(super) fn is_open(argument: &Argument) -> bool {
    matches!(argument.rule, ArgumentRule::Pattern(_))
}

/// Reads a table: on each line words, a colon, and more words.
pub(super) fn table(text: &'static str) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut table: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (names, values) in lines(text).filter_map(|line| line.split_once(": ")) {
        for name in names.split_whitespace() {
            table.entry(name).or_default().extend(values.split_whitespace());
        }
    }
    table
}
